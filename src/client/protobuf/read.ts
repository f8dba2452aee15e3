import type { ChannelName, Interval } from '../types.ts';
import { candleOf, candlesOf, MINUTE_MS, type Mantissas } from './candles.ts';
import { fieldsOf, readAll, signed, text, type Fields } from './fields.ts';

/** What is unknown is not taken for the exchange. */
const sourceOf = (source: number | undefined) => (source ? 'simulator' : 'bybit');
/** In the order of their numbers in candlegate.proto. */
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
  const named = (alias: number | undefined, name?: Uint8Array, epoch?: Uint8Array) => {
    if (name)
      known[alias as number] = { channel: text(name) as ChannelName, epoch: text(epoch) ?? null };
    return known[alias as number] as Named;
  };
  const heads = (bytes: Uint8Array) => {
    const channels: object[] = [];
    fieldsOf(bytes, {
      3(value) {
        const [, alias, name, epoch, offset = 0, lastClosed = null, state, recovered] =
          fieldsOf(value);
        channels.push({
          ...named(alias, name, epoch),
          offset,
          lastClosed,
          state: FEED_STATES[state as number],
          recovered: [false, true][recovered as number],
        });
      },
    });
    return channels;
  };
  const bodies: readonly ((fields: Fields, bytes: Uint8Array) => object)[] = [
    ([
      ,
      alias,
      offset,
      startMinutes,
      steps,
      values,
      scales,
      confirm,
      previousMs,
      previousUnknown,
      source,
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
      const start = startMs ?? (startMinutes as number) * MINUTE_MS;
      let micros = start * 1000;
      const [exchange, ingest, published, gateway] = exactTimes
        ? readAll(exactTimes, (_varint, double) => double())
        : signed(steps).map((step, index) => (micros += index ? step : step * 1000) / 1000);
      return {
        type: 'candle',
        channel,
        symbol,
        interval,
        epoch,
        offset,
        previous: previousUnknown ? null : previousMs,
        source: sourceOf(source),
        backfill: backfill && true,
        candle: candleOf(
          interval,
          start,
          end,
          signed(values) as Mantissas,
          scales,
          !!confirm,
          spelling,
        ),
        times: { exchange, ingest, published, gateway },
        traceparent: text(traceparent),
      };
    },
    ([, alias, name, epoch, offset = 0, source, replay, more, columns]) => {
      const place = named(alias, name, epoch);
      return {
        type: 'snapshot',
        ...place,
        offset,
        source: sourceOf(source),
        replay: replay && true,
        more: more && true,
        candles: candlesOf(columns as Uint8Array, place.channel.split(':')[2] as Interval),
      };
    },
    ([, time, source], bytes) => ({
      type: 'heartbeat',
      time,
      source: sourceOf(source),
      channels: heads(bytes),
    }),
    ([, protocol, connection, gateway, source, time, heartbeatMs, expiresAt]) => ({
      type: 'welcome',
      protocol: text(protocol),
      connection: text(connection),
      gateway: text(gateway),
      source: sourceOf(source),
      time,
      heartbeatMs,
      expiresAt,
    }),
    ([, id, source], bytes) => ({
      type: 'subscribed',
      id: text(id),
      source: sourceOf(source),
      channels: heads(bytes),
    }),
    ([, id]) => ({ type: 'unsubscribed', id: text(id) }),
    ([, id, time]) => ({ type: 'pong', id: text(id), time }),
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
    fieldsOf(new Uint8Array(data as ArrayBuffer)).forEach((value, number) => {
      message = bodies[number - 1]?.(fieldsOf(value), value);
    });
    return message;
  };
}
