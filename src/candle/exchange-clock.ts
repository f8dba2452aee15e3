/**
 * An exchange's time that lies further ahead of ours than this does not come from clocks that are
 * merely out of step: the exchange's runs by itself (a simulator may, at another speed), and the
 * difference says nothing about lateness.
 */
export const MAX_CLOCK_LEAD_MS = 1_000;

/** For how long a clock that was seen to run by itself must look like ours before it is trusted again. */
const TRUST_AFTER_MS = 60_000;

/**
 * How long ago the exchange's time was by our clock, in ms; slightly negative where two clocks are out
 * of step, null where that cannot be measured because the exchange's clock is not ours.
 *
 * @param exchange the exchange's time, ms since 1970 by its clock
 * @param now ms since 1970 by ours
 */
export function sinceExchangeMs(exchange: number, now: number): number | null {
  const ms = now - exchange;
  return ms < -MAX_CLOCK_LEAD_MS ? null : ms;
}

/** What the leader of ingest measured of the exchange's clock; see `ClockOffset` in `src/time`. */
export interface MeasuredOffset {
  /** By how much the exchange's clock is ahead of ingest's. */
  readonly offsetMs: number;
}

/**
 * How old messages of the exchange are. Where ingest tells by how much the exchange's clock is ahead, that is
 * taken away, and where it says that this cannot be measured, nothing is. Where it says nothing (an
 * older ingest) this judges by live messages whether the clock is ours: once a message came from too far ahead, nothing is measured until all messages of a minute were plausible: silence proves nothing,
 * for our clock passes the last message's time sooner or later.
 */
export class ExchangeClock {
  #isOurs = true;
  /** While the clock is not ours: since when messages are plausible; null when the last one was not. */
  #plausibleSince: number | null = null;
  #measured: MeasuredOffset | null | undefined = undefined;

  /** @param offset null: it cannot be measured; undefined: nobody tries */
  measured(offset: MeasuredOffset | null | undefined): void {
    this.#measured = offset;
  }

  /** By how much the exchange's clock is ahead of ours, as far as anybody has measured it, in ms. */
  get offsetMs(): number {
    return this.#measured?.offsetMs ?? 0;
  }

  /** Takes a live message. @returns its age as `sinceExchangeMs` has it, null while not measurable */
  heard(exchange: number, now: number): number | null {
    if (this.#measured !== undefined) return this.#byMeasurement(exchange, now);
    const ms = sinceExchangeMs(exchange, now);
    if (ms === null) {
      this.#isOurs = false;
      this.#plausibleSince = null;
    } else if (!this.#isOurs) {
      this.#plausibleSince ??= now;
      this.#isOurs = now - this.#plausibleSince >= TRUST_AFTER_MS;
    }
    return this.#isOurs ? ms : null;
  }

  /** The age of what was heard earlier, or read from history; null while that cannot be measured. */
  ageMs(exchange: number, now: number): number | null {
    if (this.#measured !== undefined) return this.#byMeasurement(exchange, now);
    return this.#isOurs ? sinceExchangeMs(exchange, now) : null;
  }

  #byMeasurement(exchange: number, now: number): number | null {
    const offset = this.#measured;
    return offset === null || offset === undefined ? null : now + offset.offsetMs - exchange;
  }
}
