import type { Channel } from '../../../src/candle/channel.ts';
import type { CandleStream, StreamCandle, StreamListener } from '../../../src/ingest/exchange.ts';
import type { Random } from '../random.ts';
import type { VirtualProcess } from '../time/virtual-process.ts';
import type { ExchangeConditions } from './conditions.ts';
import type { Market } from './market.ts';

export interface SimulatedStreamDeps {
  readonly market: Market;
  readonly channels: readonly Channel[];
  readonly process: VirtualProcess;
  readonly random: Random;
  readonly conditions: ExchangeConditions;
}

const RECONNECT_MS = 800;

/** The exchange's stream as one worker sees it: frames are lost, repeated, late, out of order. */
export class SimulatedStream implements CandleStream {
  readonly #deps: SimulatedStreamDeps;
  #listener: StreamListener | null = null;
  #unlisten: (() => void) | null = null;
  /** Frames of an earlier connection are never delivered. */
  #connection = 0;
  #isMuted = false;

  constructor(deps: SimulatedStreamDeps) {
    this.#deps = deps;
  }

  start(listener: StreamListener): void {
    this.#listener = listener;
    this.#connectLater(10);
  }

  stop(): Promise<void> {
    this.#listener = null;
    this.#end();
    return Promise.resolve();
  }

  get isConnected(): boolean {
    return this.#unlisten !== null && !this.#isMuted;
  }

  /** The connection breaks. */
  drop(): void {
    if (this.#unlisten === null) return;
    this.#end();
    this.#deps.process.after(this.#deps.random.between(0, 300), () => {
      this.#listener?.onLost(this.#deps.channels.map(({ name }) => name));
      this.#connectLater(RECONNECT_MS);
    });
  }

  /** The connection stays, and nothing comes any more; after `ms` that is noticed. */
  mute(ms: number): void {
    if (this.#unlisten === null || this.#isMuted) return;
    this.#isMuted = true;
    const connection = this.#connection;
    this.#deps.process.after(ms, () => {
      if (this.#connection === connection) this.drop();
    });
  }

  #end(): void {
    this.#unlisten?.();
    this.#unlisten = null;
    this.#isMuted = false;
    this.#connection += 1;
  }

  #connectLater(meanMs: number): void {
    const { process, random, conditions, channels, market } = this.#deps;
    process.after(5 + random.exponential(meanMs), () => {
      if (this.#listener === null) return;
      if (conditions.isStreamDown) {
        this.#connectLater(meanMs);
        return;
      }
      this.#connection += 1;
      this.#unlisten = market.listen((frame) => this.#frame(frame));
      this.#listener.onSubscribed(channels.map(({ name }) => name));
    });
  }

  #frame(frame: readonly StreamCandle[]): void {
    const { random, conditions } = this.#deps;
    if (this.#isMuted || random.chance(conditions.frameLoss)) return;
    const isLate = random.chance(conditions.frameDelay);
    this.#deliver(frame, isLate ? random.between(0, 1_500) : random.exponential(4));
    if (random.chance(conditions.frameRepeat)) this.#deliver(frame, random.between(0, 5_000));
  }

  #deliver(frame: readonly StreamCandle[], delayMs: number): void {
    const { process } = this.#deps;
    const connection = this.#connection;
    process.after(2 + delayMs, () => {
      if (this.#connection === connection) this.#listener?.onCandles(frame, process.now());
    });
  }
}
