import type { ClientMessageOf, ServerMessageOf } from '../../candle/messages.ts';
import type { ChannelName, CloseReason, ReceivedCandle } from '../types.ts';
import type { Port } from './port.ts';
import { give, isMissing, Mode, type Reader } from './reader.ts';
import { repair, type RepairPort } from './repair.ts';

/** A `heartbeat` or a `subscribed`. */
interface Heads {
  readonly id?: string | undefined;
  readonly channels: ServerMessageOf<'subscribed'>['channels'];
}

/**
 * What is subscribed to, and how far each reader of it is: the part of the protocol that makes one
 * gapless sequence of snapshots, replays, live candles and repaired gaps.
 */
export function createChannels(port: Pick<Port, 'send'> & RepairPort) {
  const readers = new Set<Reader>();
  let count = 0;

  const readersOf = (name: ChannelName) => [...readers].filter((reader) => reader.channel === name);

  function become(reader: Reader, mode: Mode.Current | Mode.Wanting): void {
    reader.mode = mode;
    reader.isLate = mode === Mode.Wanting;
    reader.request = undefined;
  }

  function end(reader: Reader, reason: CloseReason): void {
    readers.delete(reader);
    reader.end(reason);
  }

  /** What the gateway says of channels; with the `id` of a `subscribe` it answers that. */
  function heads({ id, channels }: Heads): void {
    for (const { channel, state, recovered, lastClosed } of channels) {
      for (const reader of readersOf(channel)) {
        reader.feed = state;
        if (!id || reader.request !== id) continue;
        reader.mode = Mode.Replaying;
        // Without a snapshot that says so, it has to know from where on it must miss nothing.
        if (!reader.snapshot && !(reader.last >= 0)) reader.last = lastClosed ?? NaN;
        // Without `since`, a channel of which nothing is known goes live at once.
        if (recovered === undefined && lastClosed === null) become(reader, Mode.Current);
      }
    }
  }

  return {
    readers,

    /** By type. */
    messages: {
      heartbeat: heads,
      subscribed: heads,

      snapshot({ channel, source, replay, more, candles }: ServerMessageOf<'snapshot'>): void {
        const facts = {
          source,
          origin: replay ? 'replay' : 'snapshot',
          receivedAt: port.now(),
        } as const;
        for (const reader of readersOf(channel)) {
          const { mode, last, request } = reader;
          if (mode === Mode.Replaying || mode === Mode.Current) {
            const first = candles.find((candle) => candle.confirm && candle.start > last);
            if (!first || !isMissing(reader, first.start))
              for (const candle of candles) give(reader, candle, facts);
            else if (request) repair(reader, first.start, source, port);
            // Another reader's, or one that it is sent for having been slow: its own will tell.
            else become(reader, Mode.Wanting);
          }
          if (more || reader.mode === Mode.Asked) continue;
          if (reader.mode === Mode.Replaying) become(reader, Mode.Current);
          reader.request = undefined;
        }
      },
    },

    /** Channels whose data is late or cut off, by the gateway's word. */
    stale: () => [
      ...new Set(
        [...readers].filter((reader) => reader.feed !== 'live').map((reader) => reader.channel),
      ),
    ],

    /** It has ended: the gateway is told when it was the channel's last one. */
    remove({ channel }: Reader): void {
      if (!readersOf(channel)[0]) port.send({ type: 'unsubscribe', channels: [channel] });
    },

    /** Asks the gateway for what readers want: one at a time of each channel, many channels at once. */
    ask(): void {
      const messages: Record<
        number,
        ClientMessageOf<'subscribe'> & { id: string; since: Record<string, number> }
      > = {};
      for (const reader of readers) {
        const { mode, channel, last, snapshot } = reader;
        if (mode !== Mode.Wanting || readersOf(channel).some((other) => other.request)) continue;
        const message = (messages[snapshot] ??= {
          type: 'subscribe',
          id: `s${(count += 1)}`,
          channels: [],
          snapshot,
          since: {},
        });
        message.channels.push(channel);
        // What another one is still owed must not be called had.
        if (last >= 0)
          message.since[channel] = Math.min(
            ...readersOf(channel).map((other) =>
              other.mode === Mode.Current && other.last < last ? other.last : last,
            ),
          );
        reader.mode = Mode.Asked;
        reader.request = message.id;
      }
      for (const message of Object.values(messages)) port.send(message);
    },

    /** The connection is gone, and with it what was asked for on it. */
    lost(): void {
      for (const reader of readers) {
        reader.request = undefined;
        if (reader.mode !== Mode.Behind) become(reader, Mode.Wanting);
      }
    },

    /** Ends all readers. */
    endAll(reason: CloseReason): void {
      for (const reader of readers) end(reader, reason);
    },

    /** @param latency of the message, hop by hop */
    candle(
      { channel, candle, source, times, previous }: ServerMessageOf<'candle'>,
      receivedAt: number,
      latency: ReceivedCandle['latency'],
    ): void {
      for (const reader of readersOf(channel)) {
        if (reader.mode !== Mode.Current) continue;
        if (candle.confirm && (previous ?? NaN) > reader.last) become(reader, Mode.Wanting);
        else give(reader, candle, { source, origin: 'live', receivedAt, times, latency });
      }
    },

    /** @returns whether an error concerned a subscription, which it has ended */
    refused({ id, code, message, channel }: ServerMessageOf<'error'>): boolean {
      const concerned = [...readers].filter((reader) =>
        channel ? channel === reader.channel : id && id === reader.request,
      );
      for (const reader of concerned) end(reader, { code, message });
      return concerned.length > 0;
    },
  };
}
