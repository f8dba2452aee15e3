import type { ChannelName, Interval } from '../types.ts';
import { candleOf, candlesOf, MINUTE_MS } from './candles.ts';
import { doubles, fieldsOf, signed, text, type Fields } from './fields.ts';

/** In the order of their numbers in candlegate.proto. */
const SOURCES = ['bybit', 'simulator'];
const FEED_STATES = ['', 'live', 'stale', 'down'];

/** What an alias stands for. */
interface Named {
  readonly channel: ChannelName;
  readonly epoch: string | null;
}

/**
 * Reads the messages of one connection, in their order, into their JSON form: all that the client wants to
 * know. Each list of fields below is that of candlegate.proto, in order of the numbers.
 *
 * @throws Error when the bytes are no message, or a candle has an alias that nothing has explained
 */
export function messageReader() {
  const known: Record<number, Named> = {};
  /** What the alias stands for, which the same message may say. */
  const named = (alias: number, name?: Uint8Array, epoch?: Uint8Array) => {
    if (name) known[alias] = { channel: text(name) as ChannelName, epoch: text(epoch) ?? null };
    return known[alias] as Named;
  };
  const heads = (bytes: Uint8Array) => {
    const channels: object[] = [];
    fieldsOf(bytes, (number, value) => {
      if (number !== 3) return;
      const [, alias = 0, name, epoch, offset = 0, lastClosed = null, state = 0, recovered] =
        fieldsOf(value);
      channels.push({
        ...named(alias, name, epoch),
        offset,
        lastClosed,
        state: FEED_STATES[state],
        recovered: recovered === undefined ? undefined : recovered > 0,
      });
    });
    return channels;
  };
  const bodies: readonly ((fields: Fields, bytes: Uint8Array) => object)[] = [
    ([
      ,
      alias = 0,
      offset = 0,
      startMinutes = 0,
      steps,
      values,
      scales = 0,
      confirm,
      previousMs,
      previousUnknown,
      source = 0,
      backfill,
      traceparent,
      name,
      epochName,
      end,
      startMs,
      exactTimes,
      spelling,
    ]) => {
      const { channel, epoch } = named(alias, name, epochName);
      const [, symbol, interval] = channel.split(':') as [string, string, Interval];
      const start = startMs ?? startMinutes * MINUTE_MS;
      let micros = start * 1000;
      const [exchange, ingest, published, gateway] = exactTimes
        ? doubles(exactTimes)
        : signed(steps).map((step, index) => (micros += index ? step : step * 1000) / 1000);
      return {
        type: 'candle',
        channel,
        symbol,
        interval,
        epoch,
        offset,
        previous: previousUnknown ? null : previousMs,
        source: SOURCES[source],
        backfill: backfill && true,
        candle: candleOf(interval, start, end, signed(values), scales, !!confirm, spelling),
        times: { exchange, ingest, published, gateway },
        traceparent: text(traceparent),
      };
    },
    ([, alias = 0, name, epoch, offset = 0, source = 0, replay, more, columns]) => {
      const place = named(alias, name, epoch);
      return {
        type: 'snapshot',
        ...place,
        offset,
        source: SOURCES[source],
        replay: replay && true,
        more: more && true,
        candles: candlesOf(columns as Uint8Array, place.channel.split(':')[2] as Interval),
      };
    },
    ([, time, source = 0], bytes) => ({
      type: 'heartbeat',
      time,
      source: SOURCES[source],
      channels: heads(bytes),
    }),
    ([, protocol, connection, gateway, source = 0, time, heartbeatMs, expiresAt]) => ({
      type: 'welcome',
      protocol: text(protocol),
      connection: text(connection),
      gateway: text(gateway),
      source: SOURCES[source],
      time,
      heartbeatMs,
      expiresAt,
    }),
    ([, id, source = 0], bytes) => ({
      type: 'subscribed',
      id: text(id),
      source: SOURCES[source],
      channels: heads(bytes),
    }),
    ([, id]) => ({ type: 'unsubscribed', id: text(id) }),
    ([, id, time = 0]) => ({ type: 'pong', id: text(id), time }),
    ([, id, expiresAt]) => ({ type: 'authenticated', id: text(id), expiresAt }),
    ([, id, code, message, channel]) => ({
      type: 'error',
      id: text(id),
      code: text(code),
      message: text(message),
      channel: text(channel),
    }),
    ([, reconnectDelayMs = 0]) => ({ type: 'going_away', reconnectDelayMs }),
    ([, expiresAt]) => ({ type: 'token_expiring', expiresAt }),
  ];

  return (data: unknown): unknown => {
    let message;
    fieldsOf(new Uint8Array(data as ArrayBuffer), (number, value) => {
      message = bodies[number - 1]?.(fieldsOf(value), value);
    });
    return message;
  };
}
