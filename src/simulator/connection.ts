import type { RawData, WebSocket } from 'ws';
import type { Category } from './category.ts';
import { createDelayedSender } from './delayed-sender.ts';
import type { Faults } from './faults.ts';
import { createFrameFaults, type OutgoingFrame } from './frame-faults.ts';
import type { KlineFeed } from './kline-feed.ts';
import type { Market } from './market.ts';
import { randomOf } from './seeded-random.ts';
import { createSession } from './session.ts';

/** Ties one WebSocket to a session, the feed and the faults until it closes. */
export function serveConnection(deps: {
  readonly socket: WebSocket;
  readonly category: Category;
  readonly market: Market;
  readonly feed: KlineFeed;
  readonly faults: Faults;
  readonly seed: number;
  /** Counts the connections of this simulator from 1. */
  readonly ordinal: number;
  /** A connection that says nothing for this long is cut. */
  readonly idleTimeoutMs: number;
}): void {
  const { socket, category, market, feed, faults, seed, ordinal, idleTimeoutMs } = deps;
  const random = randomOf(seed, ordinal);
  const frameFaults = createFrameFaults(category, random);
  const session = createSession({
    category,
    connectionId: `${randomOf(seed, ordinal, 1)().toString(16).slice(2)}-${ordinal}`,
    isListed: (symbol) => market.instrument(symbol) !== undefined,
  });
  const unsubscribers = new Map<string, () => void>();

  const sender = createDelayedSender<OutgoingFrame>({
    transmit(frame) {
      if (socket.readyState === socket.OPEN) socket.send(frame);
    },
  });
  const send = (frame: OutgoingFrame): void => sender.send(frame, faults.state.frameDelayMs);

  const idleTimer = setTimeout(() => socket.terminate(), idleTimeoutMs);

  socket.on('message', (data: RawData, isBinary) => {
    idleTimer.refresh();
    const text = isBinary ? '' : rawText(data);
    const step = session.receive(text, faults.state);
    for (const reply of step.replies) send(reply);
    for (const { name } of step.unsubscribed) {
      unsubscribers.get(name)?.();
      unsubscribers.delete(name);
    }
    for (const topic of step.subscribed) {
      const end = feed.subscribe(topic, (update) => {
        for (const frame of frameFaults.frames(update, faults.state)) send(frame);
      });
      unsubscribers.set(topic.name, end);
    }
  });
  socket.on('ping', (payload: Buffer) => {
    idleTimer.refresh();
    if (!faults.state.ignorePings && socket.readyState === socket.OPEN) socket.pong(payload);
  });
  socket.on('close', () => {
    clearTimeout(idleTimer);
    sender.stop();
    for (const end of unsubscribers.values()) end();
    unsubscribers.clear();
  });
}

function rawText(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8');
  return Buffer.from(data as Uint8Array<ArrayBuffer>).toString('utf8');
}
