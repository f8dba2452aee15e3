import type { HeardPresence } from '../presence/heard.ts';
import {
  PRESENCE_LATE_MS,
  type GatewayPresence,
  type IngestPresence,
} from '../presence/presence.ts';
import { judged, type Part } from './part.ts';
import { age } from './text.ts';

interface Heard<P> {
  readonly presence: P;
  readonly ageMs: number;
}

/** Presences of one role, those that are late apart. */
interface OfRole<P> {
  readonly present: readonly Heard<P>[];
  readonly late: readonly Heard<P>[];
}

function ofRole<R extends HeardPresence['presence']['role']>(
  heard: readonly HeardPresence[],
  role: R,
): OfRole<Extract<HeardPresence['presence'], { role: R }>> {
  type P = Extract<HeardPresence['presence'], { role: R }>;
  const all = heard.filter((each): each is Heard<P> => each.presence.role === role);
  const isLate = ({ ageMs }: Heard<P>) => ageMs > PRESENCE_LATE_MS;
  return { present: all.filter((each) => !isLate(each)), late: all.filter(isLate) };
}

function latePart(role: string, { presence, ageMs }: Heard<{ instance: string }>): Part {
  const warning = `not heard for ${age(ageMs)}, and it said no farewell`;
  return judged(`${role} ${presence.instance}`, { warnings: [warning] }, []);
}

/** The leader and those that stand by. */
export function judgeIngest(heard: readonly HeardPresence[], leader: string | null): Part[] {
  const { present, late } = ofRole(heard, 'ingest');
  const failures = leader === null ? ['nobody leads: nothing is published'] : [];
  const standbys = present.filter(({ presence }) => presence.instance !== leader).length;
  const warnings = standbys === 0 ? ['none stands by'] : [];
  return [
    judged('ingest', { failures, warnings }, [
      ...(leader === null ? [] : [`${leader} leads`]),
      ...(standbys === 0 ? [] : [`${standbys} ${standbys === 1 ? 'stands' : 'stand'} by`]),
    ]),
    ...present.map(({ presence }) => ingestPart(presence)),
    ...late.map((each) => latePart('ingest', each)),
  ];
}

function ingestPart({ instance, leading, notReady, version }: IngestPresence): Part {
  const facts = [leading ? 'leads' : 'stands by', `version ${version}`];
  return judged(`ingest ${instance}`, { failures: notReady }, facts);
}

/**
 * The connection to the exchange, as the leader has it.
 *
 * @param delayMs from the exchange's time of the newest update to its receipt, by the two clocks
 */
export function judgeUpstream(
  heard: readonly HeardPresence[],
  leader: string | null,
  delayMs: number | null,
): Part {
  const own = ofRole(heard, 'ingest').present.find(({ presence }) => presence.instance === leader);
  if (own === undefined) {
    return judged('upstream', { failures: ['unknown: no leader has told of it'] }, []);
  }
  const { channels, clockOffsetMs } = own.presence;
  const total = channels.live + channels.stale + channels.down;
  const failures = [
    ...(channels.down > 0 ? [`no connection for ${channels.down} of ${total} channels`] : []),
    ...(channels.stale > 0 ? [`${channels.stale} of ${total} channels are late`] : []),
  ];
  const facts = failures.length > 0 ? [] : [`${total} channels live`];
  if (delayMs !== null && clockOffsetMs !== null) {
    facts.push(`exchange → ingest ${(delayMs + clockOffsetMs).toFixed(1)} ms`);
  } else {
    facts.push("the delay cannot be measured: the exchange's clock is not known");
  }
  return judged('upstream', { failures }, facts);
}

/** Every gateway that is there or was until lately. */
export function judgeGateways(heard: readonly HeardPresence[]): Part[] {
  const { present, late } = ofRole(heard, 'gateway');
  const others = present.filter(({ presence }) => presence.notReady.length === 0).length;
  const parts = [
    ...present.map(({ presence }) => gatewayPart(presence, others > 0)),
    ...late.map((each) => latePart('gateway', each)),
  ];
  if (present.length > 0) return parts;
  return [judged('gateway', { failures: ['none serves clients'] }, []), ...parts];
}

/** @param othersServe one that starts or drains is then what a rollout looks like */
function gatewayPart(presence: GatewayPresence, othersServe: boolean): Part {
  const { instance, connections, feed, bus, notReady, version } = presence;
  const failures = othersServe ? [] : [...notReady];
  const warnings = othersServe ? notReady : [];
  if (bus === 'lost') failures.push('the bus is lost');
  if (feed !== 'live') failures.push(`the feed is ${feed}`);
  const counted = `${connections} ${connections === 1 ? 'connection' : 'connections'}`;
  return judged(`gateway ${instance}`, { failures, warnings }, [counted, `version ${version}`]);
}
