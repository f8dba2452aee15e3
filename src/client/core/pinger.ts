import type { ServerMessageOf } from '../../candle/messages.ts';
import type { ClockEstimate } from '../types.ts';
import { addSample, estimateClock, type PingSample } from './clock-offset.ts';
import type { Effect } from './effects.ts';

/** Time between two pings. They measure the round trip and find dead connections. */
export const PING_INTERVAL_MS = 5_000;
/** A new connection pings faster: its first pings wait behind the snapshot and mislead the clock. */
const FIRST_PING_INTERVAL_MS = 1_000;
const FIRST_PINGS = 4;
/** An unanswered ping makes the connection count as dead after this. */
export const PONG_TIMEOUT_MS = 10_000;

/** The pings of one connection. Times are ms since 1970. */
export class Pinger {
  #samples: readonly PingSample[] = [];
  #sentAt: number | null = null;
  #nextAt: number;
  #count = 0;
  clock: ClockEstimate | null = null;

  constructor(now: number) {
    this.#nextAt = now;
  }

  nextDeadline(): number {
    return this.#sentAt === null ? this.#nextAt : this.#sentAt + PONG_TIMEOUT_MS;
  }

  /** @returns false when the last ping has been unanswered for too long */
  tick(now: number, out: Effect[]): boolean {
    if (now < this.nextDeadline()) return true;
    if (this.#sentAt !== null) return false;
    this.#sentAt = now;
    this.#count += 1;
    this.#nextAt = now + (this.#count <= FIRST_PINGS ? FIRST_PING_INTERVAL_MS : PING_INTERVAL_MS);
    out.push({ type: 'send', message: { type: 'ping', id: `p${this.#count}` } });
    return true;
  }

  pong({ id, time }: ServerMessageOf<'pong'>, now: number): void {
    if (this.#sentAt === null || id !== `p${this.#count}`) return;
    const sample = { sentAt: this.#sentAt, receivedAt: now, serverTime: time };
    this.#samples = addSample(this.#samples, sample);
    this.#sentAt = null;
    this.clock = estimateClock(this.#samples);
  }
}
