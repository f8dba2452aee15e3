import type { ChannelName } from '../client/index.ts';
import type { ServerMessage, ServerMessageOf } from '../candle/messages.ts';

/** What happened once when this page had missed something. Instants are ms since 1970. */
export interface ResumeEntry {
  /** `resume`: a lost connection was made anew; `catch_up`: the gateway found this page slow. */
  readonly kind: 'resume' | 'catch_up';
  /** When its last candle came. */
  readonly at: number;
  /** How long nothing came before it; null where that is not known. */
  readonly awayMs: number | null;
  readonly channels: number;
  /** Closed candles that it brought. */
  readonly closed: number;
  /** Updates of open candles that were passed over; null where offsets cannot tell (a new epoch). */
  readonly conflated: number | null;
  /** False when the gateway's history no longer reached back. */
  readonly recovered: boolean;
}

/** Entries kept. */
export const MAX_ENTRIES = 20;
/** The channels of one incident follow each other within this. */
const SAME_INCIDENT_MS = 1_500;

interface Channel {
  epoch: string | null;
  offset: number;
  lastClosed: number | null;
  /** When its last live message came. */
  heardAt: number | null;
  /** Since `subscribed` said whether it was recovered, until its last part. */
  resuming: { readonly recovered: boolean } | null;
  /** Of the replay that is under way. */
  closed: number;
  candles: number;
}

/** Reads off the messages what each resume and each catching up brought (PROTOCOL.md, "Resume"). */
export class ResumeLedger {
  readonly #channels = new Map<ChannelName, Channel>();
  #entries: ResumeEntry[] = [];
  resumes = 0;
  /** Closed candles that came in replays, and updates of open ones that did not come. */
  replayed = 0;
  conflated = 0;

  /** Newest first. */
  get entries(): readonly ResumeEntry[] {
    return this.#entries;
  }

  /** Where a channel is: position of its newest message, and its last closed candle. */
  mark(name: ChannelName): Pick<Channel, 'epoch' | 'offset' | 'lastClosed'> | null {
    return this.#channels.get(name) ?? null;
  }

  received(message: ServerMessage, now: number): void {
    if (message.type === 'subscribed') {
      for (const { channel, recovered } of message.channels) {
        this.#channel(channel).resuming = recovered === undefined ? null : { recovered };
      }
    } else if (message.type === 'snapshot') this.#snapshot(message, now);
    else if (message.type === 'candle') this.#live(message, now);
  }

  #live(message: ServerMessageOf<'candle'>, now: number): void {
    const channel = this.#channel(message.channel);
    channel.epoch = message.epoch;
    channel.offset = message.offset;
    channel.heardAt = now;
    const { confirm, start } = message.candle;
    if (confirm) channel.lastClosed = Math.max(start, channel.lastClosed ?? 0);
  }

  #channel(name: ChannelName): Channel {
    const channel = this.#channels.get(name) ?? {
      epoch: null,
      offset: 0,
      lastClosed: null,
      heardAt: null,
      resuming: null,
      closed: 0,
      candles: 0,
    };
    this.#channels.set(name, channel);
    return channel;
  }

  #snapshot(message: ServerMessageOf<'snapshot'>, now: number): void {
    const channel = this.#channel(message.channel);
    const { lastClosed } = channel;
    const fresh = message.candles.filter(({ start }) => lastClosed === null || start > lastClosed);
    channel.candles += fresh.length;
    for (const { confirm, start } of fresh) {
      if (!confirm) continue;
      channel.closed += 1;
      channel.lastClosed = start;
    }
    if (message.more === true) return;
    if (message.replay === true) this.#replayed(channel, message, now);
    channel.epoch = message.epoch;
    channel.offset = message.offset;
    channel.heardAt = now;
    channel.resuming = null;
    channel.closed = 0;
    channel.candles = 0;
  }

  #replayed(channel: Channel, { epoch, offset }: ServerMessageOf<'snapshot'>, now: number): void {
    const { closed, candles, resuming, heardAt } = channel;
    const isSame = channel.epoch === epoch;
    this.#add({
      kind: resuming === null ? 'catch_up' : 'resume',
      at: now,
      awayMs: heardAt === null ? null : now - heardAt,
      channels: 1,
      closed,
      conflated: isSame ? Math.max(0, offset - channel.offset - candles) : null,
      recovered: resuming?.recovered !== false,
    });
  }

  /** Entries of several channels at once are one. */
  #add(entry: ResumeEntry): void {
    this.replayed += entry.closed;
    this.conflated += entry.conflated ?? 0;
    const [newest] = this.#entries;
    if (newest?.kind === entry.kind && entry.at - newest.at < SAME_INCIDENT_MS) {
      this.#entries[0] = {
        ...entry,
        awayMs: maxOf(newest.awayMs, entry.awayMs),
        channels: newest.channels + 1,
        closed: newest.closed + entry.closed,
        conflated: sumOf(newest.conflated, entry.conflated),
        recovered: newest.recovered && entry.recovered,
      };
      return;
    }
    if (entry.kind === 'resume') this.resumes += 1;
    this.#entries = [entry, ...this.#entries].slice(0, MAX_ENTRIES);
  }
}

function maxOf(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.max(a, b);
}

function sumOf(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b;
}

/** What a resume brought, in words. */
export function describeResume(entry: ResumeEntry): string {
  const parts = [`${entry.closed} closed brought back`];
  if (entry.conflated !== null) parts.push(`${entry.conflated} updates conflated`);
  if (!entry.recovered) parts.push('history did not reach back');
  return parts.join(', ');
}
