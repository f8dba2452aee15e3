import type { Candle } from '../../../../src/candle/candle.ts';
import { parseChannel, type ChannelName } from '../../../../src/candle/channel.ts';
import type { ServerMessage } from '../../../../src/candle/messages.ts';

interface ChannelRecord {
  /** `start` of the last closed candle that the client has processed. */
  lastClosed: number | null;
  /** Nothing after this may be missed; null while nothing was promised. */
  promised: number | null;
  /** After `"recovered":false` the next close may be any up to the promised one. */
  mayJump: boolean;
  /** The newest open state. */
  open: Candle | null;
  /** Between `subscribed` and the last part of its snapshot no live message may come. */
  awaitsSnapshot: boolean;
  subscribed: boolean;
}

function fail(what: string, details: object): never {
  throw new Error(`${what}: ${JSON.stringify(details)}`);
}

/**
 * A client that does what PROTOCOL.md, "Resume", says, and throws as soon as the gateway breaks a
 * promise: a close that is missing or out of order, a live message before the last part of a replay,
 * an open state older than one before, a heartbeat ahead of what was sent.
 */
export class ResumingClient {
  readonly #records = new Map<ChannelName, ChannelRecord>();
  readonly #previousOf: (channel: ChannelName, start: number) => number | null;

  /** @param previousOf `start` of the closed candle before one, in truth */
  constructor(previousOf: (channel: ChannelName, start: number) => number | null) {
    this.#previousOf = previousOf;
  }

  record(channel: ChannelName): ChannelRecord {
    let record = this.#records.get(channel);
    if (record === undefined) {
      record = {
        lastClosed: null,
        promised: null,
        mayJump: false,
        open: null,
        awaitsSnapshot: false,
        subscribed: false,
      };
      this.#records.set(channel, record);
    }
    return record;
  }

  subscribedChannels(): ChannelName[] {
    return [...this.#records].flatMap(([name, { subscribed }]) => (subscribed ? [name] : []));
  }

  /** `since` for all channels of which the client has a close. */
  since(channels: readonly ChannelName[]): Record<string, number> {
    return Object.fromEntries(
      channels.flatMap((name) => {
        const { lastClosed } = this.record(name);
        return lastClosed === null ? [] : [[name, lastClosed]];
      }),
    );
  }

  /** The client got a close elsewhere. */
  hasAlready(channel: ChannelName, start: number): void {
    const record = this.record(channel);
    record.lastClosed = start;
    if (record.open !== null && record.open.start <= start) record.open = null;
  }

  take(message: ServerMessage): void {
    switch (message.type) {
      case 'subscribed':
        for (const head of message.channels) this.#subscribed(head);
        return;
      case 'unsubscribed':
        for (const channel of message.channels) this.record(channel).subscribed = false;
        return;
      case 'snapshot': {
        const record = this.record(message.channel);
        if (!record.subscribed) fail('a snapshot without a subscription', message);
        for (const candle of message.candles) this.#candle(message.channel, record, candle);
        if (message.more !== true) record.awaitsSnapshot = false;
        return;
      }
      case 'candle': {
        const record = this.record(message.channel);
        if (record.awaitsSnapshot) fail('a live message before the last part', message);
        this.#candle(message.channel, record, message.candle);
        return;
      }
      case 'heartbeat':
        for (const head of message.channels) this.#heartbeat(head);
        return;
      case 'error':
        this.#refused(message);
        return;
      case 'welcome':
      case 'pong':
      case 'token_expiring':
      case 'authenticated':
      case 'going_away':
        return;
    }
  }

  /** Refused, or ended by a new token or because the channel is not served any more. */
  #refused({ code, channel }: Extract<ServerMessage, { type: 'error' }>): void {
    const ends = code === 'forbidden_channel' || code === 'unknown_channel';
    const parsed = channel === undefined ? 'none' : parseChannel(channel);
    if (ends && typeof parsed !== 'string') this.record(parsed.name).subscribed = false;
  }

  #subscribed(head: {
    channel: ChannelName;
    epoch: string | null;
    lastClosed: number | null;
    recovered?: boolean | undefined;
  }): void {
    const record = this.record(head.channel);
    // Whoever begins anew without `since` may have a gap; whoever subscribes again may not.
    const begins = !record.subscribed;
    record.subscribed = true;
    // On a channel of which nothing is known the snapshot comes later; only one that is owed counts.
    record.awaitsSnapshot = head.epoch !== null || head.recovered !== undefined;
    if (begins || head.recovered !== undefined) record.mayJump = head.recovered !== true;
    record.promised = record.mayJump ? head.lastClosed : (record.lastClosed ?? head.lastClosed);
    record.open = null;
  }

  #candle(channel: ChannelName, record: ChannelRecord, candle: Candle): void {
    const { lastClosed, promised, open } = record;
    if (!candle.confirm) {
      if (lastClosed !== null && candle.start <= lastClosed) return;
      if (open !== null && Number(candle.volume) < Number(open.volume)) {
        fail('an open state older than one before', { open, candle });
      }
      record.open = candle;
      return;
    }
    if (lastClosed !== null && candle.start <= lastClosed) return;
    const previous = this.#previousOf(channel, candle.start) ?? -1;
    if (lastClosed !== null && !record.mayJump) {
      if (previous > lastClosed) fail('a close is missing', { lastClosed, previous, candle });
      // One that was ahead of the gateway has more than it was promised.
    } else if (promised !== null && previous > Math.max(promised, lastClosed ?? -1)) {
      fail('a promised close is missing', { promised, previous, candle });
    }
    record.mayJump = false;
    record.lastClosed = candle.start;
    if (open !== null && open.start <= candle.start) record.open = null;
  }

  #heartbeat(head: { channel: ChannelName; lastClosed: number | null }): void {
    const record = this.record(head.channel);
    const known = Math.max(record.lastClosed ?? -1, record.promised ?? -1);
    if (head.lastClosed !== null && head.lastClosed > known) {
      fail('a heartbeat ahead of what was sent', { head, known });
    }
  }
}
