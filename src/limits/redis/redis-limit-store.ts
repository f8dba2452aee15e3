import type { Logger } from 'pino';
import type { RedisConnections } from '../../redis/connections.ts';
import {
  watchConnection,
  whenReady,
  type ConnectionObserver,
} from '../../redis/connection-watch.ts';
import type { Renewal } from '../ledger.ts';
import { MemoryWindows } from '../memory/memory-windows.ts';
import {
  LimitStoreError,
  type AdmissionOrder,
  type AdmissionReply,
  type LimitStore,
} from '../store.ts';
import { orderArguments, orderKeys, partsBySlot, readReplies } from './orders.ts';
import { RedisWindows } from './redis-windows.ts';
import { withLimitScripts } from './scripts.ts';
import { TickBatch, type Batch, type QueuedOrder } from './tick-batch.ts';

export interface RedisLimitStoreDeps {
  readonly connections: RedisConnections;
  /** Of this process and this start alone: a successor must not be taken for its predecessor. */
  readonly gateway: string;
  /** How long places outlive their gateway. */
  readonly leaseMs: number;
  /** Begins every key. Default `candlegate:limits:`. */
  readonly prefix?: string;
  readonly log: Logger;
  readonly observer?: ConnectionObserver;
}

/** A client waits for the answer: beyond this it is better to decide alone. */
const ANSWER_TIMEOUT_MS = 500;
/** Keys of one script call; the server does nothing else meanwhile. */
const MAX_BATCH = 200;

/** One count with one place for every gateway that lives. */
const GATEWAYS = '{gateways}:open';

/** Opens a connection; the caller closes the store. */
export function createRedisLimitStore(deps: RedisLimitStoreDeps): LimitStore {
  return new RedisLimitStore(deps);
}

class RedisLimitStore implements LimitStore {
  readonly #deps: RedisLimitStoreDeps;
  readonly #prefix: string;
  readonly #scripts: ReturnType<typeof withLimitScripts>;
  readonly #batch = new TickBatch((batch) => this.#send(batch));
  readonly insurance = new MemoryWindows();
  readonly windows: RedisWindows;
  isAvailable = false;
  #isClosed = false;

  constructor(deps: RedisLimitStoreDeps) {
    const { connections, log, observer } = deps;
    this.#deps = deps;
    this.#prefix = deps.prefix ?? 'candlegate:limits:';
    this.#scripts = withLimitScripts(connections.open('limits'));
    watchConnection(this.#scripts, 'limits', { log, observer, address: connections.address });
    this.windows = new RedisWindows({
      connection: this.#scripts,
      prefix: this.#prefix,
      insurance: this.insurance,
      isAvailable: () => this.isAvailable,
      answerOf: (answer) => this.#answerOf(answer),
    });
  }

  admit(order: AdmissionOrder): Promise<AdmissionReply> {
    if (!this.isAvailable) return Promise.reject(new LimitStoreError('Redis is away'));
    if (!this.#deps.connections.isCluster) return this.#batch.add(order);
    return this.#admitInParts(order);
  }

  giveBack(key: string): void {
    // Without a connection the lease gives it back.
    if (this.isAvailable) this.#batch.giveBack(key);
  }

  async renew(
    keys: readonly string[],
    prepare: (key: string) => Renewal | null,
    taken: (renewal: Renewal) => void,
  ): Promise<number> {
    if (!this.isAvailable) {
      await whenReady(this.#scripts, ANSWER_TIMEOUT_MS).catch((cause: unknown) => {
        throw new LimitStoreError('Redis is away', { cause });
      });
    }
    const perCall = this.#deps.connections.isCluster ? 1 : MAX_BATCH;
    for (let at = 0; at < keys.length; at += perCall) {
      // What was asked for before has to come before.
      this.#batch.flush();
      const renewals = keys
        .slice(at, at + perCall)
        .map(prepare)
        .filter((renewal) => renewal !== null);
      if (renewals.length === 0) continue;
      await this.#renew(renewals);
      for (const renewal of renewals) taken(renewal);
    }
    const [gateways] = await this.#renew([{ key: GATEWAYS, count: 1, exact: true }]);
    const living = Math.max(1, Number(gateways));
    this.insurance.shareAmong(living);
    this.isAvailable = true;
    return living;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.isAvailable) {
      this.#batch.flush();
      await this.#giveBackNow([GATEWAYS], [1]).catch(() => undefined);
    }
    await this.#deps.connections.close(this.#scripts);
  }

  async #renew(renewals: readonly Renewal[]): Promise<unknown[]> {
    const { gateway, leaseMs } = this.#deps;
    const keys = renewals.map(({ key }) => this.#prefix + key);
    const values = renewals.flatMap(({ count, exact }) => [count, exact ? 1 : 0]);
    const answer = this.#scripts.candlegateRenew(keys.length, ...keys, gateway, leaseMs, ...values);
    return (await this.#answerOf(answer)) as unknown[];
  }

  #send({ orders, givenBack }: Batch): void {
    if (givenBack.size > 0) {
      const all = [...givenBack];
      const perCall = this.#deps.connections.isCluster ? 1 : MAX_BATCH;
      for (let at = 0; at < all.length; at += perCall) {
        const some = all.slice(at, at + perCall);
        this.#giveBackNow(
          some.map(([key]) => key),
          some.map(([, count]) => count),
        ).catch(() => {
          // The next renewal, or the lease, puts it right.
        });
      }
    }
    for (let at = 0; at < orders.length; at += MAX_BATCH) {
      this.#admitNow(orders.slice(at, at + MAX_BATCH));
    }
  }

  #giveBackNow(keys: readonly string[], counts: readonly number[]): Promise<unknown> {
    const { gateway, leaseMs } = this.#deps;
    const names = keys.map((key) => this.#prefix + key);
    return this.#answerOf(
      this.#scripts.candlegateGiveBack(names.length, ...names, gateway, leaseMs, ...counts),
    );
  }

  #admitNow(queued: readonly QueuedOrder[]): void {
    const { gateway, leaseMs } = this.#deps;
    const keys = queued.flatMap(({ order }) => orderKeys(order, this.#prefix));
    const values = queued.flatMap(({ order }) => orderArguments(order));
    this.#answerOf(
      this.#scripts.candlegateAdmit(keys.length, ...keys, gateway, leaseMs, ...values),
    ).then(
      (answer) => {
        const replies = readReplies(
          queued.map(({ order }) => order),
          answer,
        );
        for (const [index, { resolve }] of queued.entries()) {
          resolve(replies[index] as AdmissionReply);
        }
      },
      (error: unknown) => {
        for (const { reject } of queued) reject(error as Error);
      },
    );
  }

  /** In a cluster address and subject may lie on two servers: both are asked at the same time. */
  async #admitInParts(order: AdmissionOrder): Promise<AdmissionReply> {
    const parts = partsBySlot(order);
    const outcomes = await Promise.allSettled(
      parts.map(
        (part) =>
          new Promise<AdmissionReply>((resolve, reject) => {
            this.#admitNow([{ order: part, resolve, reject }]);
          }),
      ),
    );
    const replies = outcomes.map((outcome) => {
      if (outcome.status === 'rejected') throw outcome.reason;
      return outcome.value;
    });
    const refused = replies.find(({ refusedBy }) => refusedBy !== null);
    if (refused === undefined) return { refusedBy: null };
    for (const [index, { places }] of parts.entries()) {
      if (replies[index]?.refusedBy !== null) continue;
      for (const { key } of places) this.giveBack(key);
    }
    return refused;
  }

  /** @throws {LimitStoreError} */
  async #answerOf<T>(answer: Promise<T>): Promise<T> {
    const timeoutMs = Math.min(ANSWER_TIMEOUT_MS, this.#deps.connections.commandTimeoutMs);
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    });
    try {
      return await Promise.race([answer, timeout]);
    } catch (cause) {
      this.#lost(cause);
      throw new LimitStoreError('Redis keeps no limits', { cause });
    } finally {
      clearTimeout(timer);
    }
  }

  #lost(cause: unknown): void {
    if (!this.isAvailable || this.#isClosed) return;
    this.isAvailable = false;
    this.#deps.log.warn(
      { err: cause },
      'Redis keeps no limits; this process keeps its share alone',
    );
  }
}
