import type { TemplatedApp } from 'uWebSockets.js';
import type { Broadcaster } from '../transport.ts';
import type { Deflation } from './deflation.ts';

/** @param isClosed the native server must not be touched after its close */
export function createBroadcaster(
  app: TemplatedApp,
  deflation: Deflation,
  isClosed: () => boolean,
): Broadcaster {
  return {
    publish(topic, frame) {
      if (isClosed()) return;
      app.publish(topic, frame, typeof frame !== 'string', deflation.worth(frame));
    },
    subscribers: (topic) => (isClosed() ? 0 : app.numSubscribers(topic)),
  };
}
