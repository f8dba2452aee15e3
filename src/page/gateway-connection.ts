import type { ClientMessage, ServerMessage } from '../candle/messages.ts';
import { step, nextDeadline } from './connection.ts';
import {
  INITIAL_STATE,
  type CheckOutcome,
  type ConnectionEvent,
  type ConnectionState,
  type Effect,
} from './connection-state.ts';
import { subprotocols } from './credentials.ts';

/** Effects that concern whoever shows the candles rather than the connection. */
export type Output = Exclude<Effect, { type: 'check' | 'open' | 'send' | 'abandon' }>;

export interface ConnectionListener {
  /** After every event, whether or not something has changed. */
  onState(state: ConnectionState): void;
  onOutput(output: Output, receivedAt: number): void;
  onReceived(message: ServerMessage, raw: string, receivedAt: number): void;
  onSent(message: ClientMessage, sentAt: number): void;
}

export interface ConnectionDeps {
  /** Address of the WebSocket, without any secret. */
  readonly socketUrl: URL;
  readonly checkToken: (token: string, signal: AbortSignal) => Promise<CheckOutcome>;
  /** ms since 1970, with fractions. */
  readonly now: () => number;
  readonly random: () => number;
  readonly listener: ConnectionListener;
}

/** Carries out what the state machine of `connection.ts` decides: the socket, the check, one timer. */
export class GatewayConnection {
  readonly #deps: ConnectionDeps;
  #state = INITIAL_STATE;
  #socket: WebSocket | null = null;
  #check: AbortController | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #queue: ConnectionEvent[] = [];
  #isRunning = false;

  constructor(deps: ConnectionDeps) {
    this.#deps = deps;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Feeds an event to the state machine. Events from within a listener wait for their turn. */
  dispatch(event: ConnectionEvent, now = this.#deps.now()): void {
    this.#queue.push(event);
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        const { state, effects } = step(this.#state, next, now, this.#deps.random());
        this.#state = state;
        for (const effect of effects) this.#carryOut(effect, now);
        this.#deps.listener.onState(state);
      }
    } finally {
      this.#isRunning = false;
    }
    this.#setTimer();
  }

  #carryOut(effect: Effect, now: number): void {
    switch (effect.type) {
      case 'check':
        this.#startCheck(effect.token);
        return;
      case 'open':
        this.#open(effect.token);
        return;
      case 'send':
        this.#socket?.send(JSON.stringify(effect.message));
        this.#deps.listener.onSent(effect.message, now);
        return;
      case 'abandon':
        this.#abandon();
        return;
      case 'served':
      case 'history':
      case 'update':
      case 'notice':
        this.#deps.listener.onOutput(effect, now);
    }
  }

  #startCheck(token: string): void {
    const controller = new AbortController();
    this.#check = controller;
    this.#deps.checkToken(token, controller.signal).then(
      (outcome) => {
        if (this.#check !== controller) return;
        this.#check = null;
        this.dispatch({ type: 'checked', outcome });
      },
      (error: unknown) => {
        if (!controller.signal.aborted) throw error;
      },
    );
  }

  #open(token: string): void {
    const socket = new WebSocket(this.#deps.socketUrl, subprotocols(token));
    this.#socket = socket;
    // A socket that has been given up may still speak; it is not heard.
    const ifCurrent = (event: () => ConnectionEvent): void => {
      if (this.#socket === socket) this.dispatch(event());
    };
    socket.addEventListener('open', () => {
      ifCurrent(() => ({ type: 'socket_opened' }));
    });
    socket.addEventListener('close', ({ code, reason }) => {
      ifCurrent(() => {
        this.#socket = null;
        return { type: 'socket_closed', code, reason };
      });
    });
    socket.addEventListener('message', ({ data }) => {
      if (this.#socket === socket && typeof data === 'string') this.#receive(data);
    });
  }

  #receive(raw: string): void {
    const now = this.#deps.now();
    const message = parseServerMessage(raw);
    if (message === null) return;
    this.#deps.listener.onReceived(message, raw, now);
    this.dispatch({ type: 'received', message }, now);
  }

  #abandon(): void {
    this.#check?.abort();
    this.#check = null;
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(1000);
  }

  #setTimer(): void {
    clearTimeout(this.#timer);
    const deadline = nextDeadline(this.#state);
    if (deadline === null) return;
    const delay = Math.max(0, Math.ceil(deadline - this.#deps.now()));
    this.#timer = setTimeout(() => {
      this.dispatch({ type: 'tick' });
    }, delay);
  }
}

/**
 * Reads a message of the gateway. Its shape is taken on trust: the page comes from the same gateway,
 * and a schema library would outweigh the rest of the page.
 */
function parseServerMessage(raw: string): ServerMessage | null {
  try {
    const value: unknown = JSON.parse(raw);
    const isMessage = typeof value === 'object' && value !== null && 'type' in value;
    return isMessage ? (value as ServerMessage) : null;
  } catch (error) {
    console.warn('The gateway sent a message that is not JSON.', error);
    return null;
  }
}
