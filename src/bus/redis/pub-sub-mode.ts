import type { Redis } from 'ioredis';

/**
 * How messages travel: which command publishes (also inside the publish script), which subscribes,
 * and under which event they arrive.
 */
export interface PubSubMode {
  readonly publishCommand: string;
  /** Resolves when the server has acknowledged all channels. */
  subscribe(connection: Redis, channels: readonly string[]): Promise<void>;
  onMessage(connection: Redis, handler: (channel: string, text: string) => void): void;
}

/** Every node of a cluster gets every message; in a single server there is nothing else. */
export const classicPubSub: PubSubMode = {
  publishCommand: 'PUBLISH',
  async subscribe(connection, channels) {
    await connection.subscribe(...channels);
  },
  onMessage(connection, handler) {
    connection.on('message', handler);
  },
};
