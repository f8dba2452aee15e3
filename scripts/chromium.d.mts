/**
 * Finds, or obtains, a Chromium that tests can start.
 *
 * @returns path of the browser
 * @throws with one sentence that says what to install
 */
export function findChromium(places?: {
  /** A path that is taken as it is; default: the variable CANDLEGATE_TEST_CHROMIUM. */
  readonly wanted?: string | undefined;
  /** Folders as in the variable PATH. */
  readonly path?: string | undefined;
  readonly cache?: string | undefined;
  /** Whether to obtain one where there is none; default: true. */
  readonly install?: boolean | undefined;
}): Promise<string>;
