import type { Clock } from '../time/clock.ts';
import { createKlineStream, type KlineStream, type KlineUpdate } from './kline-stream.ts';
import type { Market } from './market.ts';
import type { SimulatedClock } from './simulated-clock.ts';
import type { KlineTopic } from './topic.ts';

/** Pushes updates of topics to whoever subscribed, by one timer for all of them. */
export interface KlineFeed {
  /** Begins with the topic's next close or update. @returns ends the subscription */
  subscribe(topic: KlineTopic, receive: (update: KlineUpdate) => void): () => void;
  start(): void;
  stop(): void;
}

interface ActiveTopic {
  readonly stream: KlineStream;
  readonly receivers: Set<(update: KlineUpdate) => void>;
}

/** The feed of the exchange. No timer runs before `start`. */
export function createKlineFeed(deps: {
  readonly market: Market;
  readonly exchangeClock: SimulatedClock;
  readonly wall: Clock;
  /** How often open candles are pushed, in ms of the wall. */
  readonly updateMs: number;
}): KlineFeed {
  const { market, exchangeClock, wall, updateMs } = deps;
  const topics = new Map<string, ActiveTopic>();
  let running = false;
  let timer: NodeJS.Timeout | undefined;
  let nextUpdateAt = 0;

  function deliver(topic: ActiveTopic, update: KlineUpdate): void {
    for (const receive of [...topic.receivers]) receive(update);
  }

  function pushCloses(now: number): void {
    const due = [...topics.values()].flatMap((topic) =>
      topic.stream.closesUpTo(now).map((update) => ({ topic, update })),
    );
    due.sort((a, b) => a.update.ts - b.update.ts);
    for (const { topic, update } of due) deliver(topic, update);
  }

  function pushUpdates(now: number): void {
    for (const topic of topics.values()) {
      const update = topic.stream.update(now);
      if (update !== undefined) deliver(topic, update);
    }
  }

  function turn(): void {
    const now = exchangeClock.now();
    pushCloses(now);
    if (wall.now() >= nextUpdateAt) {
      pushUpdates(now);
      // Missed updates are not made up for.
      nextUpdateAt += updateMs * Math.max(1, Math.ceil((wall.now() - nextUpdateAt) / updateMs));
    }
    arm();
  }

  function arm(): void {
    clearTimeout(timer);
    if (!running) return;
    let waitMs = nextUpdateAt - wall.now();
    for (const { stream } of topics.values()) {
      waitMs = Math.min(waitMs, exchangeClock.wallMsUntil(stream.nextCloseAt()));
    }
    timer = setTimeout(turn, Math.max(1, Math.ceil(waitMs)));
  }

  return {
    subscribe(topic, receive) {
      let active = topics.get(topic.name);
      if (active === undefined) {
        const { symbol, interval } = topic;
        active = {
          stream: createKlineStream(market, symbol, interval, exchangeClock.now()),
          receivers: new Set(),
        };
        topics.set(topic.name, active);
        arm();
      }
      const { receivers } = active;
      receivers.add(receive);
      return () => {
        receivers.delete(receive);
        if (receivers.size === 0 && topics.get(topic.name)?.receivers === receivers) {
          topics.delete(topic.name);
        }
      };
    },
    start() {
      running = true;
      nextUpdateAt = wall.now() + updateMs;
      arm();
    },
    stop() {
      running = false;
      clearTimeout(timer);
    },
  };
}
