/**
 * Builds the page into `outDir`, by default dist/page.
 *
 * @throws Error when a source file is wrong
 */
export function buildPage(options?: { readonly outDir?: string }): Promise<void>;
