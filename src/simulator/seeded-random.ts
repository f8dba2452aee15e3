/**
 * Randomness that is a function of its key: no state is shared between two places of the market, so
 * any moment of it can be computed without the ones before.
 */

/** A stream of numbers in [0, 1). */
export type Random = () => number;

/** Mixes another 32-bit word into a hash (the round of MurmurHash3). */
function mix(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  const h = hash ^ k;
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

/** The final avalanche of MurmurHash3. */
function finish(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** A 32-bit hash of numbers (taken modulo 2^32) in their order. */
export function hashNumbers(...words: readonly number[]): number {
  let hash = 0x9747b28c;
  for (const word of words) hash = mix(hash, word | 0);
  return finish(hash ^ words.length);
}

/** A 32-bit hash of a text. */
export function hashText(text: string): number {
  return hashNumbers(...Array.from(text, (char) => char.codePointAt(0) ?? 0));
}

/** The generator mulberry32, started at a hash. */
export function randomOf(...key: readonly number[]): Random {
  let state = hashNumbers(...key);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

/** An integer in [from, to], both included. */
export function integerBetween(random: Random, from: number, to: number): number {
  return from + Math.floor(random() * (to - from + 1));
}

/** Standard deviation of the sum of four bytes: √(4 (256² − 1) / 12). */
const FOUR_BYTES_DEVIATION = 147.8;

/** A bell-shaped number with mean 0 and variance 1, within ±3.5: near a normal one, exact in IEEE. */
export function bell(random: Random): number {
  const bits = random() * 0x1_0000_0000;
  const sum = (bits & 255) + ((bits >>> 8) & 255) + ((bits >>> 16) & 255) + (bits >>> 24);
  return (sum - 510) / FOUR_BYTES_DEVIATION;
}
