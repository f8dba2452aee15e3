/**
 * Sees to it that programs are there; as root on a Debian or Ubuntu it installs what is missing.
 *
 * @param packages the package of each program
 * @throws Error in one sentence when a program cannot be had
 */
export declare function provideDebianPrograms(
  packages: Readonly<Record<string, string>>,
  machine?: { readonly path?: string; readonly isRoot?: boolean },
): Promise<void>;
