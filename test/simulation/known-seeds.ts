/** Seeds that found something, and what; they run in every test. */
export const KNOWN_SEEDS: readonly { readonly seed: number; readonly lesson: string }[] = [
  { seed: 25, lesson: 'an answer that lacks a row does not prove that there is no candle' },
  { seed: 2338, lesson: 'a heartbeat must not run ahead of a resume that waits for history' },
  { seed: 29336, lesson: 'the judge: what ingest gave up is lost also behind a stale replica' },
  { seed: 36869, lesson: 'the judge: another candle at the same price is not the newest one' },
  { seed: 50497, lesson: 'the market: it says no two things of a candle in one millisecond' },
  { seed: 64328, lesson: 'a buffer may empty without a drain being told' },
  { seed: 72706, lesson: 'a hole in what a gateway holds is filled once the store can' },
  {
    seed: 5029766,
    lesson: 'the judge: what was given up may come after a newer one, and is ignored',
  },
  {
    seed: 5036786,
    lesson: 'the market: its last close can be fetched although its clock has halted',
  },
];
