/** A program that checks something, and what has to be in its environment. */
export interface Tool {
  readonly command: string;
  readonly env: Readonly<Record<string, string>>;
}

export declare const TOOL_NAMES: readonly string[];
/** What image, chart and compose file are checked with. */
export declare const CHECKERS: readonly string[];

/** Builds or installs a tool into the user's cache, unless it is there. */
export declare function provideTool(name: string): Promise<Tool>;
