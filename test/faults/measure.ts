import type { Problem } from '../support/checker.ts';
import type { TargetName } from './fault.ts';
import type { Incident } from './incidents.ts';
import type { ReferenceClient } from './reference-client.ts';
import { LEADS, type Rig } from './rig.ts';

/** How soon something must be well again, ms. */
export const BOUNDS_MS: Readonly<Record<TargetName | 'resume', number>> = {
  /** From the death or freeze of the leader to the first message of the new one at a client. */
  takeover: 3_000,
  /** The same from the leader's SIGTERM. */
  handover: 1_000,
  /** From Redis being back to the first message handed to it since at a client. */
  redis: 2_000,
  /** From a client's request with `since` to the last part of its replay, with no fault about. */
  resume: 1_000,
};

export interface Measurement {
  readonly target: keyof typeof BOUNDS_MS;
  /** Null when it never came. */
  readonly ms: number | null;
  readonly of: string;
}

export function isWithinBound({ target, ms }: Measurement): boolean {
  return ms !== null && ms <= BOUNDS_MS[target];
}

/** Everything that has a bound. */
export function measure(
  rig: Rig,
  incidents: readonly Incident[],
  steady: readonly ReferenceClient[],
  resuming: readonly ReferenceClient[],
): Measurement[] {
  const recoveries = incidents.flatMap((incident) => {
    const { target, name } = incident;
    if (target === null) return [];
    const ms = target === 'redis' ? redisMs(incident, steady) : takeoverMs(rig, incident, steady);
    return [{ target, ms, of: name }];
  });
  const resumes = resuming.flatMap(({ name, resumes: all }) =>
    all
      .filter(({ requestedAt, completeAt }) => isQuiet(incidents, requestedAt, completeAt))
      .map(({ requestedAt, completeAt }) => ({
        target: 'resume' as const,
        ms: completeAt - requestedAt,
        of: name,
      })),
  );
  return [...recoveries, ...resumes];
}

function redisMs({ liftedAt }: Incident, steady: readonly ReferenceClient[]): number | null {
  const first = firstPublishedAfter(liftedAt, steady);
  return first === null ? null : first - liftedAt;
}

function takeoverMs(
  rig: Rig,
  { injectedAt, leader }: Incident,
  steady: readonly ReferenceClient[],
): number | null {
  const successor = rig.ingests[leader === 0 ? 1 : 0];
  const led = successor.said(LEADS).find(({ time }) => time > injectedAt);
  const first = led === undefined ? null : firstPublishedAfter(led.time, steady);
  return first === null ? null : first - injectedAt;
}

/** When the first live candle that was handed to the bus after `time` was at a client. */
function firstPublishedAfter(time: number, clients: readonly ReferenceClient[]): number | null {
  const arrivals = clients.flatMap(
    ({ receipts }) =>
      receipts.find(({ published }) => published !== null && published > time)?.at ?? [],
  );
  return arrivals.length === 0 ? null : Math.min(...arrivals);
}

/** Whether no fault but noise was about. */
function isQuiet(incidents: readonly Incident[], from: number, to: number): boolean {
  return !incidents.some(
    (incident) => !incident.isNoise && incident.injectedAt < to && endOf(incident) > from,
  );
}

function spanOf(incident: Incident): Span {
  return [incident.injectedAt, endOf(incident)];
}

function endOf({ healedAt }: Incident): number {
  return healedAt ?? Infinity;
}

type Span = readonly [from: number, to: number];

/** The longest time without any candle that a client saw and that touches the span, but none of `except`. */
export function longestSilence(
  clients: readonly ReferenceClient[],
  span: Span,
  except: readonly Span[] = [],
): number {
  let longest = 0;
  for (const { receipts } of clients) {
    let before: number | null = null;
    for (const { at } of receipts) {
      const silence: Span = [before ?? at, at];
      before = at;
      if (!touch(silence, span) || except.some((other) => touch(silence, other))) continue;
      longest = Math.max(longest, silence[1] - silence[0]);
    }
  }
  return longest;
}

function touch(a: Span, b: Span): boolean {
  return a[0] < b[1] && a[1] > b[0];
}

/** What one kind of fault did. */
export interface KindSummary {
  readonly name: string;
  readonly count: number;
  /** Touched by a fault of this kind; for noise, by no other fault. */
  readonly longestSilenceMs: number;
  readonly longestHealingMs: number;
  /** Candles that the exchange closed between injection and healing, all channels together. */
  readonly closedMeanwhile: number;
  /** Closed candles of that time that some client lacks; all clients together. */
  readonly missing: number;
}

export function summarize(
  rig: Rig,
  incidents: readonly Incident[],
  steady: readonly ReferenceClient[],
  problems: readonly Problem[],
): KindSummary[] {
  const faults = incidents.filter(({ isNoise }) => !isNoise).map(spanOf);
  const missing = problems.filter(({ kind }) => kind === 'missing');
  const missedAt = missing.map(({ channel, start }) => rig.exchange.closedAt(channel, start));
  const names = [...new Set(incidents.map(({ name }) => name))].sort();
  return names.map((name) => {
    const own = incidents.filter((incident) => incident.name === name);
    const spans = own.map(spanOf);
    // What happens during a fault is not the fault of the noise beside it.
    const except = own.some(({ isNoise }) => isNoise) ? faults : [];
    const sum = (of: (from: number, to: number) => number) =>
      spans.reduce((total, [from, to]) => total + of(from, to), 0);
    return {
      name,
      count: own.length,
      longestSilenceMs: Math.max(...spans.map((span) => longestSilence(steady, span, except))),
      longestHealingMs: Math.max(...own.map((each) => endOf(each) - each.liftedAt)),
      closedMeanwhile: sum((from, to) =>
        rig.exchange.closedBetween(rig.channels, from, Math.min(to, Date.now())),
      ),
      missing: sum((from, to) => missedAt.filter((at) => at >= from && at <= to).length),
    };
  });
}
