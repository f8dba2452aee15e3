import { Buffer } from 'node:buffer';
import type { WebSocketBehavior } from 'uWebSockets.js';
import type { Place } from '../../limits/limits.ts';
import type { SessionFactory, SessionRequest } from '../session-factory.ts';
import type { GuardedHandler } from '../../metrics/edge-metrics.ts';
import type { Faults } from './faults.ts';
import { UwsTransport, type Socket, type SocketData, type TransportSettings } from './transport.ts';

/** RFC 6455, section 7.4.1: the server met something that it did not expect. */
const INTERNAL_ERROR = 1011;

export interface WebSocketDeps {
  readonly sessions: SessionFactory;
  readonly settings: TransportSettings;
  readonly faults: Faults;
}

export type SocketHandlers = Required<
  Pick<
    WebSocketBehavior<SocketData>,
    'open' | 'message' | 'ping' | 'pong' | 'dropped' | 'drain' | 'close'
  >
>;

/** Connects sockets of the native server with sessions. */
export class WebSockets {
  readonly #deps: WebSocketDeps;
  /** Whose `open` event has come, until `bind`. */
  readonly #opened: Socket[] = [];
  #open = 0;

  constructor(deps: WebSocketDeps) {
    this.#deps = deps;
  }

  /** Open sockets, those included that are still being closed. */
  get count(): number {
    return this.#open;
  }

  /** @param place is given back when the socket closes */
  createTransport(place: Place): UwsTransport {
    return new UwsTransport(this.#deps.settings, place);
  }

  /**
   * Call it after each upgrade: gives the transport its socket.
   *
   * @returns false when the connection was lost on the way
   */
  bind(transport: UwsTransport): boolean {
    const ws = this.#opened.pop();
    if (ws === undefined) return false;
    this.#open += 1;
    transport.bind(ws);
    return transport.isOpen;
  }

  /** Makes the session of a socket that has just opened. */
  begin(transport: UwsTransport, request: SessionRequest): void {
    try {
      transport.begin((opened) => this.#deps.sessions.open(opened, request));
    } catch (error) {
      this.#failed('open', error, transport);
    }
  }

  handlers(): SocketHandlers {
    // A builtin, and none of our code: see `Upgrades`.
    const open: (ws: Socket) => void = this.#opened.push.bind(this.#opened);
    return {
      open,
      message: (ws, message, isBinary) => {
        this.#guard('message', ws, (transport) => {
          transport.events?.message(new Uint8Array(message), isBinary);
        });
      },
      ping: (ws) => this.#guard('ping', ws, (transport) => transport.events?.pinged()),
      pong: (ws, payload) => {
        this.#guard('pong', ws, (transport) => {
          transport.events?.pong(Buffer.from(payload).toString());
        });
      },
      dropped: (ws) => this.#guard('dropped', ws, (transport) => transport.onDropped()),
      drain: (ws) => this.#guard('drain', ws, (transport) => transport.onDrain()),
      close: (ws, code) => {
        this.#open -= 1;
        this.#guard('close', ws, (transport) => transport.onClosed(code));
      },
    };
  }

  #guard(handler: GuardedHandler, ws: Socket, act: (transport: UwsTransport) => void): void {
    const { transport } = ws.getUserData();
    try {
      act(transport);
    } catch (error) {
      this.#failed(handler, error, transport);
    }
  }

  #failed(handler: GuardedHandler, error: unknown, transport: UwsTransport): void {
    this.#deps.faults.caught(handler, error);
    // Not here: inside `dropped` the native server does not survive a close.
    setImmediate(() => {
      try {
        transport.close(INTERNAL_ERROR, 'internal error');
      } catch (failure) {
        this.#deps.faults.caught('close', failure);
      }
    });
  }
}
