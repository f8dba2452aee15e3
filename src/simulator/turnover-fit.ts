import type { Bar, PriceBar } from './bar.ts';

/** How much of its volume a part may gain or lose when volumes are tilted. */
const MAX_TILT = 0.6;
/** How often volumes are tilted, at most … */
const MAX_TILTS = 6;
/** … until what is missing fills no more than this share of the room below the highs or above the lows. */
const MAX_FILL = 0.5;

function sumOfProducts(prices: readonly number[], volumes: readonly number[]): number {
  return prices.reduce((sum, price, index) => sum + price * (volumes[index] ?? 0), 0);
}

/**
 * Shifts volume smoothly from the cheap to the dear (or back) so that price × volume comes near
 * `turnover`. The sum of the volumes stays, and so does at least one lot where one was.
 */
export function tiltVolumes(
  prices: readonly number[],
  volumes: readonly number[],
  turnover: number,
): number[] {
  const total = volumes.reduce((sum, volume) => sum + volume, 0);
  const mean = sumOfProducts(prices, volumes) / total;
  const variance = prices.reduce(
    (sum, price, index) => sum + (volumes[index] ?? 0) * (price - mean) * (price - mean),
    0,
  );
  if (variance === 0) return [...volumes];
  const slope = (turnover - mean * total) / variance;
  // Rounding the running sum instead of each part keeps the total.
  let weightSoFar = 0;
  let given = 0;
  const weights = prices.map((price, index) => {
    const tilt = Math.min(MAX_TILT, Math.max(-MAX_TILT, slope * (price - mean)));
    return Math.max(0, (volumes[index] ?? 0) - 1) * (1 + tilt);
  });
  const weightSum = weights.reduce((sum, weight) => sum + weight, 0);
  if (weightSum === 0) return [...volumes];
  const least = volumes.map((volume) => Math.min(1, volume));
  const spare = total - least.reduce((sum, volume) => sum + volume, 0);
  return weights.map((weight, index) => {
    weightSoFar += weight;
    const upTo =
      index === weights.length - 1 ? spare : Math.floor(spare * (weightSoFar / weightSum));
    const share = upTo - given;
    given = upTo;
    return share + (least[index] ?? 0);
  });
}

/**
 * Moves whole lots between cheap and dear trades until price × volume adds up to `turnover`, or
 * nearly. Changes `volumes`.
 *
 * @returns what is left: less than one lot's move, or more when that cannot be reached
 */
export function moveLots(prices: readonly number[], volumes: number[], turnover: number): number {
  const priceOf = (index: number): number => prices[index] ?? 0;
  const byPrice = prices.map((_, index) => index).sort((a, b) => priceOf(a) - priceOf(b));
  let rest = turnover - sumOfProducts(prices, volumes);
  if (rest < 0) byPrice.reverse();
  let from = 0;
  let to = byPrice.length - 1;
  while (from < to && rest !== 0) {
    const giver = byPrice[from] ?? 0;
    const taker = byPrice[to] ?? 0;
    const step = priceOf(taker) - priceOf(giver);
    if (step === 0) break;
    const wanted = Math.floor(rest / step);
    const moved = Math.min(wanted, Math.max(0, (volumes[giver] ?? 0) - 1));
    volumes[giver] = (volumes[giver] ?? 0) - moved;
    volumes[taker] = (volumes[taker] ?? 0) + moved;
    rest -= moved * step;
    if (moved < wanted) from += 1;
    else to -= 1;
  }
  return rest;
}

/** Mean of the four prices of a bar in ticks; a multiple of a quarter. */
export function typicalPrice({ open, high, low, close }: PriceBar): number {
  return (open + high + low + close) / 4;
}

/**
 * Gives a bar its turnover in whole units: the volume at the mean of its four prices, which lies
 * between low and high.
 */
export function withTypicalTurnover(bar: PriceBar): Bar {
  return { ...bar, turnover: BigInt(Math.floor(typicalPrice(bar) * bar.volume)) };
}

/** A stretch with the mean price that its turnover should have, between low and high. */
export interface MeanPricedBar extends PriceBar {
  readonly mean: number;
}

/** Volumes at their mean prices, what that leaves of the turnover, and where it finds room. */
interface Fit {
  readonly volumes: readonly number[];
  readonly shares: readonly number[];
  readonly rest: number;
  /** Of each part: up to its high, or down to its low, as the rest demands. */
  readonly rooms: readonly number[];
  readonly room: number;
}

function fit(parts: readonly MeanPricedBar[], volumes: readonly number[], turnover: number): Fit {
  const shares = parts.map(({ mean }, index) => Math.floor(mean * (volumes[index] ?? 0)));
  const rest = turnover - shares.reduce((sum, share) => sum + share, 0);
  const rooms = parts.map(({ high, low }, index) => {
    const volume = volumes[index] ?? 0;
    const share = shares[index] ?? 0;
    return rest > 0 ? high * volume - share : share - low * volume;
  });
  return { volumes, shares, rest, rooms, room: rooms.reduce((sum, room) => sum + room, 0) };
}

/**
 * Gives the parts of a bar turnovers that add up to exactly `turnover`, each between the part's low
 * and high times its volume as long as there is room for that. To come there, volume is shifted
 * among the parts.
 */
export function shareTurnover(parts: readonly MeanPricedBar[], turnover: bigint): Bar[] {
  const whole = Number(turnover);
  const prices = parts.map(({ mean }) => mean);
  let fitted = fit(
    parts,
    parts.map(({ volume }) => volume),
    whole,
  );
  for (let tilt = 0; tilt < MAX_TILTS; tilt += 1) {
    if (tilt > 0 && Math.abs(fitted.rest) <= MAX_FILL * fitted.room) break;
    fitted = fit(parts, tiltVolumes(prices, fitted.volumes, whole), whole);
  }
  const { volumes, shares, rooms } = fitted;
  let { rest, room: roomLeft } = fitted;
  return parts.map(({ open, high, low, close }, index) => {
    const room = rooms[index] ?? 0;
    const addition =
      room === roomLeft ? rest : roomLeft > 0 ? Math.trunc(rest * (room / roomLeft)) : 0;
    roomLeft -= room;
    rest -= addition;
    const volume = volumes[index] ?? 0;
    return { open, high, low, close, volume, turnover: BigInt((shares[index] ?? 0) + addition) };
  });
}
