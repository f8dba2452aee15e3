import type { ClientMessage } from '../../src/candle/messages.ts';
import type { Candle } from '../../src/candle/candle.ts';
import type { Port, Refusal, SocketListener } from '../../src/client/core/port.ts';
import { CandlegateError, type CredentialPurpose, type Gap } from '../../src/client/types.ts';

/** A promise in the hands of the test. */
export interface Asked<Value> {
  readonly resolve: (value: Value) => void;
  readonly reject: (refusal: Refusal) => void;
}

function ask<Value>(asked: (request: Asked<Value>) => void): PromiseLike<Value> {
  return {
    then(resolve, reject) {
      asked({
        resolve: (value) => void resolve?.(value),
        reject: ({ code, message, status, retryAfterMs }) =>
          void reject?.(new CandlegateError(code, message, status, retryAfterMs)),
      });
      return this as never;
    },
  };
}

/** What the core reaches the world with, and a clock that only the test moves. Nothing answers by itself. */
export class FakePort implements Port {
  time = 1_000_000;
  chance = 0.5;
  readonly isLasting: boolean;
  readonly refresh: Port['refresh'];
  readonly sent: ClientMessage[] = [];
  readonly emitted: { readonly name: string; readonly detail: unknown }[] = [];
  /** Names of what was asked for besides. */
  readonly asked: string[] = [];
  readonly purposes: CredentialPurpose[] = [];
  /** Of the newest connection. */
  socket: SocketListener | undefined;
  connecting: Asked<unknown> | undefined;
  refreshing: Asked<string> | undefined;
  readonly fetching: (Asked<readonly Candle[]> & { readonly gap: Gap })[] = [];
  readonly tokens: boolean[] = [];
  readonly #timers: { readonly at: number; readonly action: () => void }[] = [];

  constructor(credential: 'token' | 'provider' | 'api_key' = 'token') {
    this.isLasting = credential !== 'token';
    this.refresh =
      credential === 'provider'
        ? () => {
            this.asked.push('refresh');
            return ask((request) => (this.refreshing = request));
          }
        : undefined;
  }

  readonly now = () => this.time;
  readonly random = () => this.chance;
  readonly after = (ms: number, action: () => void) => {
    const timer = { at: this.time + ms, action };
    this.#timers.push(timer);
    return () => this.#remove(timer);
  };
  readonly connect = (purpose: CredentialPurpose, listener: SocketListener) => {
    this.asked.push('connect');
    this.purposes.push(purpose);
    this.socket = listener;
    return ask((request) => (this.connecting = request));
  };
  readonly disconnect = () => {
    this.asked.push('disconnect');
  };
  readonly send = (message: ClientMessage) => {
    this.sent.push(message);
  };
  readonly settleToken = (isAccepted: boolean) => {
    this.tokens.push(isAccepted);
  };
  readonly fetch = (gap: Gap) =>
    ask<readonly Candle[]>((request) => this.fetching.push({ ...request, gap }));
  readonly emit: Port['emit'] = (name, detail) => {
    this.emitted.push({ name, detail });
  };

  /** Ms until the next timer; Infinity when nothing waits for the time. */
  get untilNext(): number {
    return Math.min(...this.#timers.map(({ at }) => at)) - this.time;
  }

  /** Moves the clock to the next timer and lets it act. @returns the ms that passed */
  pass(): number {
    const ms = Math.max(0, this.untilNext);
    if (ms === Infinity) return ms;
    this.time += ms;
    const timer = this.#timers.find(({ at }) => at <= this.time);
    if (timer === undefined) return ms;
    this.#remove(timer);
    timer.action();
    return ms;
  }

  #remove(timer: { readonly at: number; readonly action: () => void }): void {
    const index = this.#timers.indexOf(timer);
    if (index >= 0) this.#timers.splice(index, 1);
  }
}
