import type { Channel } from '../candle/channel.ts';
import type { Span, SpanAttributes, SpanOptions } from './tracing.ts';

/**
 * The spans of one candle's way and their names, for those who make them as it goes and for those who make
 * them afterwards. They follow the semantic conventions for messaging: `{operation} {destination}`.
 *
 *   receive kline.1.BTCUSDT          the exchange's time → the bus has answered (ingest)
 *   ├─ process kline.1.BTCUSDT       receipt of the frame → ready for the bus
 *   └─ send candles:BTCUSDT:1        ready for the bus → its answer; its context travels in the message
 *      └─ process candles:BTCUSDT:1  receipt from the bus → hand-over to the sockets (each gateway)
 */

/** The exchange's own name of the channel. */
export function topicName({ symbol, interval }: Pick<Channel, 'symbol' | 'interval'>): string {
  return `kline.${interval}.${symbol}`;
}

export interface CandleFacts {
  readonly channel: Pick<Channel, 'name' | 'symbol' | 'interval'>;
  readonly start: number;
  readonly confirm: boolean;
}

function candleAttributes({ start, confirm }: CandleFacts): SpanAttributes {
  return { 'candlegate.candle.start': start, 'candlegate.candle.confirm': confirm };
}

function messaging(
  system: string,
  operation: 'receive' | 'process' | 'send',
  destination: string,
): SpanAttributes {
  return {
    'messaging.system': system,
    'messaging.operation.name': operation,
    'messaging.operation.type': operation,
    'messaging.destination.name': destination,
  };
}

const BUS_TEMPLATE = { 'messaging.destination.template': 'candles:{symbol}:{interval}' };
const TOPIC_TEMPLATE = { 'messaging.destination.template': 'kline.{interval}.{symbol}' };

type Named = readonly [name: string, options: SpanOptions & { readonly startMs: number }];

/** @param startMs the exchange's time by our clock, or receipt where that is not known */
export function receiveSpan(facts: CandleFacts, source: string, startMs: number): Named {
  const topic = topicName(facts.channel);
  return [
    `receive ${topic}`,
    {
      kind: 'consumer',
      startMs,
      attributes: {
        ...messaging(source, 'receive', topic),
        ...TOPIC_TEMPLATE,
        ...candleAttributes(facts),
      },
    },
  ];
}

/** @param startMs receipt of the frame */
export function processFrameSpan(facts: CandleFacts, source: string, startMs: number): Named {
  const topic = topicName(facts.channel);
  const attributes = { ...messaging(source, 'process', topic), ...TOPIC_TEMPLATE };
  return [`process ${topic}`, { kind: 'consumer', startMs, attributes }];
}

/** @param startMs when it was ready for the bus */
export function sendSpan({ channel }: CandleFacts, system: string, startMs: number): Named {
  const attributes = { ...messaging(system, 'send', channel.name), ...BUS_TEMPLATE };
  return [`send ${channel.name}`, { kind: 'producer', startMs, attributes }];
}

/** @param startMs receipt from the bus */
export function processMessageSpan(facts: CandleFacts, system: string, startMs: number): Named {
  const { channel } = facts;
  const attributes = {
    ...messaging(system, 'process', channel.name),
    ...BUS_TEMPLATE,
    ...candleAttributes(facts),
  };
  return [`process ${channel.name}`, { kind: 'consumer', startMs, attributes }];
}

/** One hop that is over. */
export function record(parent: Span, [name, options]: Named, endMs: number): Span {
  const span = parent.child(name, options);
  span.end(Math.max(endMs, options.startMs));
  return span;
}
