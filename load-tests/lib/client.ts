import { WebSocket, type MessageEvent } from 'k6/websockets';
import { Continuity, type Verdict } from './continuity.ts';
import type { CandleMessage, ServerMessage, SubscribedMessage } from './messages.ts';
import { measure, metrics } from './metrics.ts';
import { tokenFor } from './token.ts';

export interface ClientOptions {
  /** `ws://host:port` */
  readonly gateway: string;
  readonly subject: string;
  readonly channels: readonly string[];
  /** Closed candles wanted at the first subscription. */
  readonly snapshot?: number;
  /** Called once, when the connection is over, whoever ended it. */
  readonly onEnd?: () => void;
  /** Called for each candle message, after it was counted. `receivedAt`: ms since 1970. */
  readonly onCandle?: (message: CandleMessage, receivedAt: number) => void;
  /** Called when every channel has been answered in full: `welcome`, `subscribed` and all snapshots. */
  readonly onReady?: () => void;
}

/** One subscriber that judges what it gets. It may connect several times; it resumes where it was. */
export class Client {
  readonly rows = new Map<string, Continuity>();
  readonly #options: ClientOptions;
  readonly #token: string;
  #socket: WebSocket | null = null;
  #isWanted = false;
  #openedAt = 0;
  #unanswered = new Set<string>();

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#token = tokenFor(options.subject);
    for (const channel of options.channels) this.rows.set(channel, new Continuity());
  }

  /** Connects, and subscribes with what it has. */
  connect(): void {
    const { gateway, onEnd } = this.#options;
    const socket = new WebSocket(`${gateway}/api/v1/live/ws`, null, {
      headers: { Authorization: `Bearer ${this.#token}` },
      // Without a name each address would be a label of its own.
      tags: { name: 'live' },
    });
    this.#socket = socket;
    this.#isWanted = true;
    this.#openedAt = Date.now();
    let isOpen = false;
    socket.addEventListener('open', () => {
      isOpen = true;
      metrics.upgrades.add(true);
      this.#subscribe();
    });
    socket.addEventListener('message', (event) => {
      const { data, timestamp } = event as MessageEvent;
      this.#take(JSON.parse(data as string) as ServerMessage, timestamp);
    });
    socket.addEventListener('error', () => {
      if (!isOpen) metrics.upgrades.add(false);
    });
    socket.addEventListener('close', (event) => {
      // The declarations know no close event.
      const { code = 1006 } = event as { code?: number };
      if (isOpen) metrics.closes.add(1, { code: String(code) });
      if (isOpen && this.#isWanted) metrics.lostConnections.add(1);
      this.#socket = null;
      onEnd?.();
    });
  }

  /** Ends the connection; it does not count as lost. */
  close(): void {
    this.#isWanted = false;
    this.#socket?.close();
  }

  #subscribe(): void {
    const { channels, snapshot = 1 } = this.#options;
    const since: Record<string, number> = {};
    for (const [channel, { last }] of this.rows) if (last !== null) since[channel] = last;
    const resumes = Object.keys(since).length > 0;
    this.#unanswered = new Set(channels);
    this.#socket?.send(
      JSON.stringify({ type: 'subscribe', channels, snapshot, ...(resumes ? { since } : {}) }),
    );
  }

  #take(message: ServerMessage, receivedAt: number): void {
    switch (message.type) {
      case 'candle': {
        measure(message, receivedAt);
        metrics.updates.add(1);
        count(this.#row(message.channel).live(message));
        this.#options.onCandle?.(message, receivedAt);
        return;
      }
      case 'snapshot':
        count(this.#row(message.channel).snapshot(message));
        if (message.more !== true) this.#answered(message.channel);
        return;
      case 'subscribed':
        this.#noteResumes(message);
        return;
      case 'error':
        metrics.errors.add(1, { code: message.code });
        return;
      case 'going_away':
        // The close that follows was announced.
        this.#isWanted = false;
        return;
      case 'welcome':
      case 'heartbeat':
      case 'pong':
      case 'unsubscribed':
      case 'authenticated':
        return;
    }
  }

  #noteResumes({ channels }: SubscribedMessage): void {
    for (const { recovered } of channels) {
      if (recovered !== undefined) metrics.resumed.add(recovered);
    }
  }

  #answered(channel: string): void {
    if (!this.#unanswered.delete(channel) || this.#unanswered.size > 0) return;
    metrics.resumeTime.add(Date.now() - this.#openedAt);
    this.#options.onReady?.();
  }

  #row(channel: string): Continuity {
    let row = this.rows.get(channel);
    if (row === undefined) this.rows.set(channel, (row = new Continuity()));
    return row;
  }
}

function count({ closed, missing, disordered }: Verdict): void {
  if (closed > 0) metrics.closed.add(closed);
  if (missing > 0) metrics.missing.add(missing);
  if (disordered > 0) metrics.disordered.add(disordered);
}
