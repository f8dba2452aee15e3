import type { BusListener, BusState, LeaderHeartbeat, Publication } from '../../src/bus/bus.ts';
import type { Candle } from '../../src/candle/candle.ts';
import { channelOf } from '../../src/candle/channel.ts';
import { endOf } from '../../src/candle/interval.ts';
import type { BusCandleMessage } from '../../src/candle/messages.ts';

export const BTC = channelOf('BTCUSDT', '1');
export const ETH = channelOf('ETHUSDT', '5');

const FIRST_START = 1_745_000_040_000;
const MINUTE_MS = 60_000;

/** Start of the n-th minute of these tests. */
export function minute(n: number): number {
  return FIRST_START + n * MINUTE_MS;
}

export function candle(n: number, confirm: boolean, close = '84555.7'): Candle {
  return {
    start: minute(n),
    end: endOf('1', minute(n)),
    open: '84512.30',
    high: '84590.1',
    low: '84480',
    close,
    volume: '123.456',
    turnover: '10437812.1234',
    confirm,
  };
}

/** The close of the n-th candle, behind the one before it unless told otherwise. */
export function closeOf(n: number, more: Partial<Publication> = {}): Publication {
  return {
    channel: BTC,
    candle: candle(n, true),
    previous: minute(n - 1),
    times: { exchange: minute(n + 1) + 200, ingest: minute(n + 1) + 251.25 },
    backfill: false,
    ...more,
  };
}

/** An update of the n-th candle, so many milliseconds after its start. */
export function updateOf(n: number, atMs: number, more: Partial<Publication> = {}): Publication {
  const exchange = minute(n) + atMs;
  return {
    channel: BTC,
    candle: candle(n, false),
    previous: null,
    times: { exchange, ingest: exchange + 51.125 },
    backfill: false,
    ...more,
  };
}

export const SEED_TIMES = { exchange: minute(0) - 5_000, ingest: minute(0) - 4_900.5 };

/** A listener that keeps all that it is told. */
export class RecordingListener implements BusListener {
  readonly reads: { messages: readonly BusCandleMessage[]; receivedAt: number }[] = [];
  readonly heartbeats: LeaderHeartbeat[] = [];
  readonly states: BusState[] = [];
  subscriptions = 0;

  get messages(): BusCandleMessage[] {
    return this.reads.flatMap(({ messages }) => messages);
  }

  onCandles(messages: readonly BusCandleMessage[], receivedAt: number): void {
    this.reads.push({ messages, receivedAt });
  }

  onHeartbeat(heartbeat: LeaderHeartbeat): void {
    this.heartbeats.push(heartbeat);
  }

  onSubscribed(): void {
    this.subscriptions += 1;
  }

  onState(state: BusState): void {
    this.states.push(state);
  }
}
