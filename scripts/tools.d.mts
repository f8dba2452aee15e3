/** A program that checks something, and what has to be in its environment. */
export interface Tool {
  readonly command: string;
  readonly env: Readonly<Record<string, string>>;
}

export declare const TOOL_NAMES: readonly string[];
/** What image, chart and compose file are checked with. */
export declare const CHECKERS: readonly string[];
/** What a Kubernetes is made of that takes the chart. */
export declare const CLUSTER_TOOLS: readonly string[];

/** Builds or installs a tool into the user's cache, unless it is there. */
export declare function provideTool(name: string): Promise<Tool>;

/** Installs what `requirements.txt` of a folder names. @returns what PYTHONPATH has to name */
export declare function providePythonPackages(requirements: string): Promise<string>;

/** Installs what `package-lock.json` of a folder names, without any script. @returns a folder with node_modules */
export declare function provideNodePackages(source: string): Promise<string>;
