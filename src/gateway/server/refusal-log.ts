import type { Logger } from 'pino';
import type { ProblemCode } from '../../candle/codes.ts';
import { SparseLog } from '../../log/sparse-log.ts';

/**
 * Tells the log of refused requests for a WebSocket: of each code the first, and then one line a minute
 * with their number, so that a flood of them does not become a flood of lines. Metrics count them all.
 */
export class RefusalLog {
  readonly #log: Pick<Logger, 'info'>;
  readonly #sparse = new Map<ProblemCode, SparseLog>();

  constructor(log: Pick<Logger, 'info'>) {
    this.#log = log;
  }

  /** @param now ms of any clock that does not go back */
  hit(code: ProblemCode, now: number): void {
    const sparse = this.#sparse.get(code) ?? new SparseLog();
    this.#sparse.set(code, sparse);
    const count = sparse.hit(now);
    if (count !== null) this.#log.info({ code, count }, 'connections refused');
  }
}
