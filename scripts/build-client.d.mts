export const INTERNAL_MEMBERS: readonly string[];
export function bundleClient(outDir: string): Promise<void>;
