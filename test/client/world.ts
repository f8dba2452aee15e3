import type { ServerMessage } from '../../src/candle/messages.ts';
import { createCore } from '../../src/client/core/core.ts';
import type { Gap, Repair } from '../../src/client/types.ts';
import { FakePort } from './fake-port.ts';
import { ModelGateway } from './model-gateway.ts';
import { CHANNEL, ModelReaders } from './model-readers.ts';

const FIRST = 1_000;
const UNAVAILABLE = { code: 'unavailable', message: 'away' };

/** The core between a model gateway and model readers, with a clock that only the test moves. */
export class World {
  readonly port = new FakePort();
  readonly core = createCore(this.port, true);
  readonly gateway = new ModelGateway(CHANNEL, FIRST);
  readonly #readers = new ModelReaders(
    this.core,
    () => this.#carryOut(),
    () => undefined,
  );
  /** Whether the gateway can be reached. */
  isUp = true;
  isRestUp = true;
  #isConnected = false;

  /** By number. */
  get readers(): ModelReaders['all'] {
    return this.#readers.all;
  }

  subscribe(snapshot: number, capacity: number, last?: number): number {
    return this.#readers.subscribe(snapshot, capacity, last);
  }

  unsubscribe(id: number): void {
    this.#readers.unsubscribe(id);
  }

  take(id: number, count: number): void {
    this.#readers.take(id, count);
  }

  /** Lets messages of the gateway arrive. */
  hear(count = Infinity): void {
    for (let heard = 0; heard < count; heard += 1) {
      const message = this.gateway.outbox.shift();
      if (message === undefined) return;
      this.say(message);
    }
  }

  say(message: ServerMessage): void {
    this.port.socket?.arrived(message);
    this.#carryOut();
  }

  lose(code: number): void {
    if (!this.#isConnected) return;
    if (code === 1001) {
      this.hear();
      this.say({ type: 'going_away', reconnectDelayMs: 100 });
    }
    this.#isConnected = false;
    this.gateway.disconnect();
    this.port.socket?.lost(code, '');
    this.#carryOut();
  }

  /** Moves the clock to the next timer. */
  pass(): void {
    this.port.pass();
    this.#carryOut();
  }

  /** Answers requests over REST. */
  answer(limit = 1_000, lag = 0): void {
    for (const { gap, resolve, reject } of this.port.fetching.splice(0)) {
      if (this.isRestUp) resolve(this.gateway.rest(gap.after, limit, lag));
      else reject({ ...UNAVAILABLE, status: 503 });
      this.#carryOut();
    }
  }

  /** Everything works, until all that is owed has come. */
  settle(): void {
    this.isUp = true;
    this.isRestUp = true;
    for (let round = 0; round < 400; round += 1) {
      this.#exchange();
      if (this.state === 'live' && this.isIdle) break;
      if (this.state !== 'live') this.pass();
    }
    // Readers that are new do not keep it from being live; each waits for the one before it.
    for (let round = 0; round < 12; round += 1) this.#exchange();
    if (!this.gateway.hasFailed) return;
    // The next one shows what was not sent.
    this.gateway.close();
    for (let round = 0; round < 8; round += 1) this.#exchange();
  }

  get state(): string {
    return this.core.state().name;
  }

  get isIdle(): boolean {
    return this.gateway.outbox.length === 0 && this.port.fetching.length === 0;
  }

  get gaps(): Gap[] {
    return this.#emitted('gap') as Gap[];
  }

  get repairs(): Repair[] {
    return this.#emitted('repair') as Repair[];
  }

  #emitted(wanted: string): unknown[] {
    return this.port.emitted.filter(({ name }) => name === wanted).map(({ detail }) => detail);
  }

  #exchange(): void {
    this.gateway.pump();
    this.hear();
    this.answer();
    for (const id of this.readers.keys()) this.take(id, Infinity);
  }

  /** Does what the core has asked for, and what it then asks for. */
  #carryOut(): void {
    const { port } = this;
    while (port.asked.length > 0 || port.sent.length > 0) {
      for (const asked of port.asked.splice(0)) {
        if (asked === 'connect') this.#connect();
        else if (asked === 'disconnect') {
          this.#isConnected = false;
          this.gateway.disconnect();
        }
      }
      for (const message of port.sent.splice(0)) {
        if (!this.#isConnected) throw new Error('sent without a connection');
        this.gateway.receive(message);
      }
    }
  }

  #connect(): void {
    this.#isConnected = this.isUp;
    if (this.isUp) this.port.socket?.opened();
    else this.port.connecting?.reject(UNAVAILABLE);
  }
}
