/** Seeds that found something, and what; they run in every test. */
export const KNOWN_SEEDS: readonly { readonly seed: number; readonly lesson: string }[] = [
  { seed: 2338, lesson: 'a heartbeat must not run ahead of a resume that waits for history' },
];
