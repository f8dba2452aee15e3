import type { BusState } from '../../bus/bus.ts';
import type { FeedState, Source } from '../../candle/messages.ts';
import type { Health } from '../../candle/rest.ts';
import { jsonAnswer } from './http.ts';
import { exactly, type OpenRoute } from './route.ts';

export interface HealthDeps {
  readonly gatewayId: string;
  readonly source: Source;
  readonly feed: () => FeedState;
  readonly bus: () => BusState;
  /** Open WebSockets. */
  readonly connections: () => number;
  readonly uptimeSeconds: () => number;
}

/** `GET /api/v1/live/health`: for people and uptime checks; probes ask the admin port. */
export function healthRoute(deps: HealthDeps): OpenRoute {
  return {
    name: 'health',
    needsToken: false,
    isLimited: false,
    match: exactly('/api/v1/live/health'),
    answer() {
      const feed = deps.feed();
      const bus = deps.bus();
      return jsonAnswer<Health>({
        status: feed === 'live' && bus === 'connected' ? 'ok' : 'degraded',
        gateway: deps.gatewayId,
        source: deps.source,
        feed,
        bus,
        uptimeSeconds: Math.floor(deps.uptimeSeconds()),
        connections: deps.connections(),
      });
    },
  };
}
