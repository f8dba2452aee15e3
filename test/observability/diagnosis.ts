import type { Sample } from '../support/prometheus.ts';

/** What each panel of the Overview shows now, by the panel's title. */
export type Readings = ReadonlyMap<string, readonly Sample[]>;

export const PARTS = [
  'ingest',
  'clock',
  'gateway',
  'Redis',
  'Bybit',
  'one client',
  'nothing',
] as const;
export type Part = (typeof PARTS)[number];

/** Levels at which a panel's figure is taken for a sign; the panels' thresholds are the same. */
const SLOW_REDIS_SECONDS = 0.1;
const SLOW_HOP_SECONDS = 0.25;
const SLOW_LOOP_SECONDS = 0.25;
const NEGATIVE_SHARE = 0.2;
const WRONG_CLOCK_SECONDS = 0.5;
const SILENT_SECONDS = 75;
const FEW_CLIENTS_SHARE = 0.1;

interface Sign {
  readonly part: Part;
  /** As the runbook has it. */
  readonly text: string;
  readonly isSeen: (panels: Panels) => boolean;
}

/**
 * How to tell from the Overview alone which part is at fault: the first sign that is seen names it. The
 * order matters, because a part that is at fault makes those after it look bad too: without Redis nobody
 * leads, a clock that is off changes latencies, and a gateway that is late finds Redis slow.
 */
export const SIGNS: readonly Sign[] = [
  {
    part: 'Redis',
    text: '_Gateways without Redis_ is all of them',
    isSeen: (panels) =>
      panels.max('Gateways without Redis') >= Math.max(1, panels.count('Round trip through Redis')),
  },
  {
    part: 'ingest',
    text: '_Ingest leaders_ is not 1',
    isSeen: (panels) => panels.max('Ingest leaders') !== 1,
  },
  {
    part: 'clock',
    text: "_Negative latencies_ above 20 % at any hop, _Exchange's clock_ further than 0.5 s from 0, or _Hosts' clocks_ more than 0.5 s apart",
    isSeen: (panels) =>
      panels.max('Negative latencies') > NEGATIVE_SHARE ||
      panels.largest("Exchange's clock") > WRONG_CLOCK_SECONDS ||
      panels.max("Hosts' clocks") - panels.min("Hosts' clocks") > WRONG_CLOCK_SECONDS,
  },
  {
    part: 'gateway',
    text: '_Event loop delay (p99)_ of a gateway above 250 ms',
    isSeen: (panels) =>
      panels.max('Event loop delay (p99)', ({ role }) => role !== 'ingest') > SLOW_LOOP_SECONDS,
  },
  {
    part: 'Redis',
    text: '_Round trip through Redis_ of every gateway above 100 ms',
    isSeen: (panels) => panels.min('Round trip through Redis') > SLOW_REDIS_SECONDS,
  },
  {
    part: 'clock',
    text: '_Hops, typical (p50)_: `bus` above 250 ms, though _Round trip through Redis_ is not high',
    isSeen: (panels) =>
      panels.max('Hops, typical (p50)', ({ hop }) => hop === 'bus') > SLOW_HOP_SECONDS,
  },
  {
    part: 'Bybit',
    text: '_Hops, typical (p50)_: `exchange` above 250 ms; or _Connections to the exchange that are missing_ above 0, or _Silence of the exchange_ above 75 s, at every worker',
    isSeen: (panels) =>
      panels.max('Hops, typical (p50)', ({ hop }) => hop === 'exchange') > SLOW_HOP_SECONDS ||
      panels.min('Connections to the exchange that are missing') > 0 ||
      panels.min('Silence of the exchange') > SILENT_SECONDS,
  },
  {
    part: 'one client',
    text: '_Slow clients_ above 0, and _Share of slow clients_ not above 10 %',
    isSeen: (panels) =>
      panels.max('Slow clients') > 0 && panels.max('Share of slow clients') <= FEW_CLIENTS_SHARE,
  },
];

/** Names the part that is at fault. Pure: it sees nothing but what the Overview's queries returned. */
export function partAtFault(readings: Readings): Part {
  const panels = new Panels(readings);
  return SIGNS.find(({ isSeen }) => isSeen(panels))?.part ?? 'nothing';
}

type Chosen = (labels: Sample['labels']) => boolean;

class Panels {
  readonly #readings: Readings;

  constructor(readings: Readings) {
    this.#readings = readings;
  }

  /** -Infinity where there is nothing. */
  max(title: string, isChosen?: Chosen): number {
    return Math.max(...this.#values(title, isChosen));
  }

  /** Infinity of nothing would be a sign of everything, so then it is -Infinity. */
  min(title: string): number {
    const values = this.#values(title);
    return values.length === 0 ? -Infinity : Math.min(...values);
  }

  /** Number of series. */
  count(title: string): number {
    return this.#values(title).length;
  }

  /** The greatest distance from 0. */
  largest(title: string): number {
    return Math.max(...this.#values(title).map(Math.abs));
  }

  #values(title: string, isChosen: Chosen = () => true): number[] {
    const samples = this.#readings.get(title);
    if (samples === undefined) throw new Error(`the Overview has no panel '${title}'`);
    return samples
      .filter(({ labels, value }) => isChosen(labels) && !Number.isNaN(value))
      .map(({ value }) => value);
  }
}
