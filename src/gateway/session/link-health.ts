import { roundToMicrosecond } from '../../candle/hop-times.ts';

/**
 * What pings and the socket's buffer say about a connection. Pure: times are ms since 1970 and come
 * from the caller.
 *
 * A ping queues behind everything that the kernel still holds for the client, so its pong's delay is
 * the client's true lag, which the socket's own buffer does not show (the kernel takes megabytes
 * before that buffer fills).
 */
export class LinkHealth {
  /** Times of the first and the last ping that no pong has answered; 0 when there is none. */
  #firstPingAt = 0;
  #lastPingAt = 0;
  /** Since when the connection is blocked without any sign of progress; 0 when it is not. */
  #blockedSince = 0;

  /** Notes that a ping goes out now. @returns its payload */
  ping(now: number): string {
    this.#lastPingAt = roundToMicrosecond(now);
    if (this.#firstPingAt === 0) this.#firstPingAt = this.#lastPingAt;
    return String(this.#lastPingAt);
  }

  /**
   * Takes a pong. Pongs that answer no outstanding ping (RFC 6455 allows them) say nothing.
   *
   * @returns the round trip in ms, or undefined
   */
  pong(payload: string, now: number): number | undefined {
    const sentAt = Number(payload);
    const answers =
      this.#firstPingAt !== 0 && sentAt >= this.#firstPingAt && sentAt <= this.#lastPingAt;
    if (!answers) return undefined;
    if (sentAt === this.#lastPingAt) this.#lastPingAt = 0;
    this.#firstPingAt = this.#lastPingAt;
    this.#blockedSince = 0;
    return now - sentAt;
  }

  get awaitsPong(): boolean {
    return this.#firstPingAt !== 0;
  }

  /** Whether the first unanswered ping has waited longer than `timeoutMs`. */
  isPongOverdue(now: number, timeoutMs: number): boolean {
    return this.#firstPingAt !== 0 && now - this.#firstPingAt > timeoutMs;
  }

  /** The buffer holds something, or a pong is overdue: the clock towards `isStalled` runs. */
  blocked(now: number): void {
    if (this.#blockedSince === 0) this.#blockedSince = now;
  }

  /** The buffer has shrunk or is empty. */
  progressed(): void {
    this.#blockedSince = 0;
  }

  /** Whether the connection has been blocked for `boundMs` without any progress. */
  isStalled(now: number, boundMs: number): boolean {
    return this.#blockedSince !== 0 && now - this.#blockedSince >= boundMs;
  }
}
