import type { Renewal } from './ledger.ts';

/** One admission, as the store sees it. What is switched off is left out. */
export interface AdmissionOrder {
  /** Refused while this window, counted elsewhere, is beyond its quota. */
  readonly guard: WindowOrder | null;
  /** Counted whatever becomes of the rest, and refused beyond its quota. */
  readonly window: WindowOrder | null;
  /** All are taken, or none. */
  readonly places: readonly PlaceOrder[];
}

export interface WindowOrder {
  readonly key: string;
  readonly quota: WindowQuota;
}

export interface PlaceOrder {
  readonly key: string;
  readonly limit: number;
  /** What this gateway holds already, in case the store has forgotten it. */
  readonly held: number;
}

export type AdmissionReply =
  | { readonly refusedBy: null }
  | {
      readonly refusedBy: 'guard' | 'window';
      /** Until it expires. */
      readonly retryAfterMs: number;
    }
  | { readonly refusedBy: 'place'; readonly key: string };

/** What a window says after one more was counted. */
export interface WindowState {
  readonly allowed: boolean;
  readonly remaining: number;
  readonly resetMs: number;
}

export interface WindowQuota {
  readonly limit: number;
  /** Whole. */
  readonly windowSeconds: number;
  /** How long a key is refused from then on when it goes beyond `limit`; 0: until the window ends. */
  readonly blockSeconds?: number;
}

/** Counts events of many keys over fixed windows. */
export interface RateWindows {
  /** Counts one. Never rejects: without its store it counts this process's share by itself. */
  hit(key: string, quota: WindowQuota): Promise<WindowState>;
}

/**
 * Counts over all gateways. A place lives as long as its gateway renews it: at most one lease beyond
 * the last renewal.
 */
export interface LimitStore {
  /**
   * Atomic: of admissions that are under way at the same time no more are admitted than there are
   * places, whichever gateways they come from. Those of one gateway are carried out in order, and in
   * order with its other calls.
   *
   * @throws {LimitStoreError} it may or may not have happened
   */
  admit(order: AdmissionOrder): Promise<AdmissionReply>;
  /** Gives one place back, some time soon; what goes wrong is put right by the next renewal. */
  giveBack(key: string): void;
  /**
   * Renews the lease of this gateway's counts.
   *
   * @param prepare is asked right before each of the keys is sent
   * @param taken is told what the store has taken
   * @returns how many gateways live, this one included
   * @throws {LimitStoreError}
   */
  renew(
    keys: readonly string[],
    prepare: (key: string) => Renewal | null,
    taken: (renewal: Renewal) => void,
  ): Promise<number>;
  /** False from a failure on until a renewal has succeeded. */
  readonly isAvailable: boolean;
  readonly windows: RateWindows;
  /** What this process decides by while the store is not available. */
  readonly insurance: Insurance;
  close(): Promise<void>;
}

/** Windows in this process, each with the share of one gateway among those that were last seen. */
export interface Insurance extends RateWindows {
  /** Ms until a key that has gone beyond its quota is free again; 0 when it is free. */
  blockedMs(key: string, quota: WindowQuota): Promise<number>;
  /** A gateway's share of any limit, rounded up. */
  shareOf(limit: number): number;
}

/** The store gave no answer. What was asked of it may or may not have happened. */
export class LimitStoreError extends Error {
  override readonly name = 'LimitStoreError';
}
