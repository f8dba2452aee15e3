import { setTimeout as delay } from 'node:timers/promises';
import type { TargetName } from './fault.ts';
import type { Plan } from './plan.ts';
import type { ReferenceClient } from './reference-client.ts';
import type { Rig } from './rig.ts';

/** One fault as it happened. Times in ms since 1970. */
export interface Incident {
  readonly name: string;
  readonly note: string;
  readonly isNoise: boolean;
  readonly target: TargetName | null;
  /** Which ingest worker led before. */
  readonly leader: 0 | 1;
  readonly injectedAt: number;
  readonly liftedAt: number;
  /** When everything was ready and every steady client up to date again; null: not in time. */
  readonly healedAt: number | null;
}

export interface IncidentDeps {
  readonly rig: Rig;
  /** Clients that are always meant to be up to date. */
  readonly steady: readonly ReferenceClient[];
  readonly print: (line: string) => void;
}

/** A closed candle that is younger than this may be on its way. */
const CURRENT_WITHIN_MS = 1_500;
const HEAL_DEADLINE_MS = 30_000;
const HEAL_POLL_MS = 50;

/** Injects one fault after the other, each once the one before has healed, until the time is up. */
export async function injectFaults(
  deps: IncidentDeps,
  faults: Plan['faults'],
  until: number,
): Promise<Incident[]> {
  const { rig, print } = deps;
  const incidents: Incident[] = [];
  for (const planned of faults) {
    const { name, note, heldMs, target = null } = planned;
    await delay(planned.pauseMs);
    if (Date.now() + heldMs >= until) break;
    const leader = rig.leader();
    const injectedAt = Date.now();
    const lift = await planned.inject(rig);
    await delay(heldMs);
    await lift();
    const liftedAt = Date.now();
    const healedAt = await healed(deps, liftedAt);
    incidents.push({
      name,
      note,
      isNoise: false,
      target,
      leader,
      injectedAt,
      liftedAt,
      healedAt,
    });
    const healedText = healedAt === null ? 'NOT HEALED' : `healed after ${healedAt - liftedAt} ms`;
    print(`${name} ${note}: held for ${liftedAt - injectedAt} ms, ${healedText}`);
    if (healedAt === null) break;
    await rig.mend();
  }
  return incidents;
}

/** Switches noise of the exchange on and off, until the time is up. */
export async function injectNoise(
  { rig, print }: IncidentDeps,
  noise: Plan['noise'],
  until: number,
): Promise<Incident[]> {
  const incidents: Incident[] = [];
  for (const { name, patch, lifted, heldMs, pauseMs } of noise) {
    await delay(pauseMs);
    if (Date.now() + heldMs >= until) break;
    const leader = rig.leader();
    const injectedAt = Date.now();
    await rig.exchange.setFaults(patch);
    await delay(heldMs);
    await rig.exchange.setFaults(lifted);
    const liftedAt = Date.now();
    const note = JSON.stringify(patch);
    print(`${name} ${note}: held for ${liftedAt - injectedAt} ms`);
    incidents.push({
      name,
      note,
      isNoise: true,
      target: null,
      leader,
      injectedAt,
      liftedAt,
      healedAt: liftedAt,
    });
  }
  return incidents;
}

/**
 * Waits until every process is ready and every steady client up to date, with messages that came
 * into being after `since`.
 *
 * @returns when that was; null when it is not in time
 */
export async function healed({ rig, steady }: IncidentDeps, since: number): Promise<number | null> {
  const deadline = Date.now() + HEAL_DEADLINE_MS;
  while (Date.now() < deadline) {
    const areCurrent = steady.every(
      (client) => (client.receipts.at(-1)?.published ?? 0) > since && isCurrent(rig, client),
    );
    if (areCurrent && (await areReady(rig))) {
      return Date.now();
    }
    await delay(HEAL_POLL_MS);
  }
  return null;
}

/** What is behind, for people: after a `null` of `healed`. */
export async function whatAils({ rig, steady }: IncidentDeps): Promise<string[]> {
  const ready = await Promise.all(
    [...rig.ingests, ...rig.gateways].map(async (each) =>
      (await each.isReady()) ? [] : [`${each.name} is not ready`],
    ),
  );
  const behind = steady.flatMap((client) =>
    client.channels
      .filter((channel) => !hasNewest(rig, client, channel))
      .map((channel) => `${client.name} is behind on ${channel}: ${client.lastClosed(channel)}`),
  );
  return [...ready.flat(), ...behind];
}

function isCurrent(rig: Rig, client: ReferenceClient): boolean {
  return client.channels.every((channel) => hasNewest(rig, client, channel));
}

function hasNewest(rig: Rig, client: ReferenceClient, channel: string): boolean {
  const due = rig.exchange.newestClosed(channel, Date.now() - CURRENT_WITHIN_MS);
  return (client.lastClosed(channel) ?? -1) >= due;
}

async function areReady(rig: Rig): Promise<boolean> {
  const ready = await Promise.all([...rig.ingests, ...rig.gateways].map((each) => each.isReady()));
  return ready.every(Boolean);
}
