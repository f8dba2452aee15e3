import type { Logger } from 'pino';
import type { HttpResponse } from 'uWebSockets.js';
import type { EdgeMetrics, GuardedHandler } from '../../metrics/edge-metrics.ts';

/**
 * Catches what a handler of the native server throws: uncaught, it would end the process and with it
 * every connection.
 */
export class Faults {
  readonly #metrics: Pick<EdgeMetrics, 'handlerFailed'>;
  readonly #log: Pick<Logger, 'error'>;

  constructor(metrics: Pick<EdgeMetrics, 'handlerFailed'>, log: Pick<Logger, 'error'>) {
    this.#metrics = metrics;
    this.#log = log;
  }

  caught(handler: GuardedHandler, error: unknown): void {
    this.#metrics.handlerFailed(handler);
    this.#log.error({ err: error, handler }, 'a handler failed');
  }

  /** Breaks the connection of a response that may or may not have been ended already. */
  abandon(response: HttpResponse): void {
    try {
      response.close();
    } catch (error) {
      this.caught('abandon', error);
    }
  }
}
