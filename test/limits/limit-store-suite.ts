import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FleetConnectionLimits } from '../../src/limits/connection-limits.ts';
import { LimitBook } from '../../src/limits/limit-book.ts';
import type { Admission, LimitSettings, Place } from '../../src/limits/limits.ts';
import { FleetRequestLimits } from '../../src/limits/request-limits.ts';
import type { LimitStore } from '../../src/limits/store.ts';
import { createWallClock } from '../../src/time/clock.ts';
import { eventually } from '../support/eventually.ts';
import { settingsWith, SILENT } from './settings.ts';

/** Long enough that nothing expires while a test is busy, short enough to wait for once. */
export const LEASE_MS = 1_500;

/** A store with several gateways on it. */
export interface LimitWorld {
  /** Opens the store of one more gateway. */
  open(gateway: string): LimitStore;
  /** The store loses everything. */
  forget(): Promise<void>;
  close(): Promise<void>;
}

export class Gateway {
  readonly limits: FleetConnectionLimits;
  readonly requests: FleetRequestLimits;
  readonly store: LimitStore;
  readonly decisions: string[] = [];
  readonly degraded: boolean[] = [];

  constructor(store: LimitStore, settings: LimitSettings, leaseMs = LEASE_MS) {
    const book = new LimitBook(settings);
    const observer = {
      decided: (name: string, allowed: boolean) =>
        void this.decisions.push(`${name} ${allowed ? 'allowed' : 'refused'}`),
      degraded: (is: boolean) => void this.degraded.push(is),
    };
    this.store = store;
    const deps = { book, store, clock: createWallClock(), leaseMs, observer, log: SILENT };
    this.limits = new FleetConnectionLimits(deps);
    this.requests = new FleetRequestLimits({
      book,
      windows: store.windows,
      connections: this.limits,
      observer,
    });
  }

  async ready(): Promise<this> {
    await eventually(async () => {
      await this.limits.renew();
      expect(this.store.isAvailable).toBe(true);
    });
    return this;
  }

  admit(address: string, subject = 'alice', plan: string | null = null): Promise<Admission> {
    return this.limits.admit({ address, subject, plan });
  }
}

export function refusalName(admission: Admission): string | null {
  return admission.ok ? null : admission.refusal.name;
}

export function places(admissions: readonly Admission[]): Place[] {
  return admissions.flatMap((admission) => (admission.ok ? [admission.place] : []));
}

/** What every store has to do; each test uses addresses and subjects of its own. */
export function describeLimitStore(name: string, openWorld: () => Promise<LimitWorld>): void {
  describe(name, () => {
    let world: LimitWorld;
    let ip: string;
    beforeEach(async () => {
      world = await openWorld();
      ip = `test-${randomUUID()}`;
    });
    afterEach(() => world.close());

    const gateway = (id: string, more: Partial<LimitSettings> = {}) =>
      new Gateway(world.open(id), settingsWith(more)).ready();

    it('admits no more connections of an address than allowed, whichever gateway they come to', async () => {
      const [a, b] = await Promise.all([
        gateway('a', { connectionsPerIp: 7 }),
        gateway('b', { connectionsPerIp: 7 }),
      ]);
      const admissions = await Promise.all(
        Array.from({ length: 60 }, (_, index) => (index % 2 === 0 ? a : b).admit(ip, `s${index}`)),
      );
      expect(places(admissions)).toHaveLength(7);
      const refused = admissions.filter(({ ok }) => !ok).map(refusalName);
      expect(new Set(refused)).toEqual(new Set(['connections-per-ip']));

      // Each place that is given back is free once, for whoever asks first.
      for (const place of places(admissions).slice(0, 3)) {
        place.release();
        place.release();
      }
      // What was given back has arrived when a later call has been answered.
      await Promise.all([a.limits.renew(), b.limits.renew()]);
      const more = await Promise.all(Array.from({ length: 20 }, () => b.admit(ip, 'y')));
      expect(places(more)).toHaveLength(3);
    });

    it('counts a subject over all addresses, by its plan', async () => {
      const a = await gateway('a', {
        plans: new Map([['small', { ...settingsWith().defaults, connectionsPerSubject: 2 }]]),
      });
      const subject = randomUUID();
      const admissions = await Promise.all(
        Array.from({ length: 5 }, (_, index) => a.admit(`${ip}${index}`, subject, 'small')),
      );
      expect(places(admissions)).toHaveLength(2);
      const refusal = admissions.find(({ ok }) => !ok);
      expect(refusal).toMatchObject({
        refusal: {
          name: 'connections-per-subject',
          quota: { limit: 2, windowSeconds: null },
          retryAfterMs: LEASE_MS,
        },
      });
      expect((await a.admit(`${ip}9`, subject, null)).ok).toBe(true);
    });

    it('takes no place anywhere when one of them is full', async () => {
      const a = await gateway('a', {
        connectionsPerIp: 1,
        defaults: { ...settingsWith().defaults, connectionsPerSubject: 2 },
      });
      const subject = randomUUID();
      expect((await a.admit(ip, subject)).ok).toBe(true);
      for (let count = 0; count < 5; count += 1) {
        expect(refusalName(await a.admit(ip, subject))).toBe('connections-per-ip');
      }
      await eventually(async () => {
        expect((await a.admit(`${ip}2`, subject)).ok).toBe(true);
      });
      expect(refusalName(await a.admit(`${ip}3`, subject))).toBe('connections-per-subject');
    });

    it('frees the places of a gateway that is gone once its lease is over, and not before', async () => {
      const [dying, other] = await Promise.all([
        gateway('dying', { connectionsPerIp: 3 }),
        gateway('other', { connectionsPerIp: 3 }),
      ]);
      const before = performance.now();
      for (const id of ['1', '2', '3']) expect((await dying.admit(ip, id)).ok).toBe(true);
      expect(refusalName(await other.admit(ip))).toBe('connections-per-ip');
      await eventually(async () => {
        expect((await other.admit(ip)).ok).toBe(true);
      }, LEASE_MS + 1_000);
      expect(performance.now() - before).toBeGreaterThanOrEqual(LEASE_MS - 50);
    });

    it('keeps places by renewing them, and has what the store forgot put back by the next renewal', async () => {
      const [a, b] = await Promise.all([
        gateway('a', { connectionsPerIp: 3 }),
        gateway('b', { connectionsPerIp: 3 }),
      ]);
      for (const id of ['1', '2']) expect((await a.admit(ip, id)).ok).toBe(true);
      expect((await b.admit(ip, '3')).ok).toBe(true);
      await world.forget();
      await Promise.all([a.limits.renew(), b.limits.renew()]);
      expect(refusalName(await b.admit(ip))).toBe('connections-per-ip');
    });

    it('has what the store forgot put back by the next admission already', async () => {
      const a = await gateway('a', { connectionsPerIp: 3 });
      for (const id of ['1', '2']) expect((await a.admit(ip, id)).ok).toBe(true);
      await world.forget();
      const admissions = await Promise.all(
        Array.from({ length: 10 }, (_, index) => a.admit(ip, `more ${index}`)),
      );
      expect(places(admissions)).toHaveLength(1);
    });

    it('renewing while admissions are under way gives nobody a place too many', async () => {
      const [a, b] = await Promise.all([
        gateway('a', { connectionsPerIp: 20 }),
        gateway('b', { connectionsPerIp: 20 }),
      ]);
      const open: Place[] = [];
      for (let round = 0; round < 10; round += 1) {
        const asked = Array.from({ length: 12 }, (_, index) => (index % 2 === 0 ? a : b).admit(ip));
        open.pop()?.release();
        const renewed = [a.limits.renew(), b.limits.renew()];
        open.push(...places(await Promise.all(asked)));
        await Promise.all(renewed);
        expect(open.length).toBeLessThanOrEqual(20);
      }
      // And leaks none.
      for (const place of open.splice(0)) place.release();
      await Promise.all([a.limits.renew(), b.limits.renew()]);
      expect(a.limits.openLeases + b.limits.openLeases).toBe(0);
      const again = await Promise.all(Array.from({ length: 30 }, () => b.admit(ip)));
      expect(places(again)).toHaveLength(20);
    });

    it('counts attempts of an address over all gateways, and then refuses it without asking', async () => {
      const [a, b] = await Promise.all([
        gateway('a', { attemptsPerMinute: 4 }),
        gateway('b', { attemptsPerMinute: 4 }),
      ]);
      for (const one of [a, b, a]) expect((await one.admit(ip)).ok).toBe(true);
      b.limits.attemptFailed(ip);
      await eventually(async () => {
        expect(refusalName(await a.admit(ip))).toBe('attempts-per-ip');
      });
      const refusal = a.limits.refusalOf(ip);
      expect(refusal).toMatchObject({
        name: 'attempts-per-ip',
        quota: { limit: 4, windowSeconds: 60 },
        remaining: 0,
      });
      expect(refusal?.retryAfterMs).toBeGreaterThan(50_000);
      expect(refusal?.retryAfterMs).toBeLessThanOrEqual(60_000);
      expect(a.limits.refusalOf(`${ip}2`)).toBeNull();
      // The other gateway hears of it from the store.
      expect(b.limits.refusalOf(ip)).toBeNull();
      expect(refusalName(await b.admit(ip))).toBe('attempts-per-ip');
      expect(b.limits.refusalOf(ip)).not.toBeNull();
    });

    it('shuts an address out for longer once too many of its credentials were refused', async () => {
      const [a, b] = await Promise.all([
        gateway('a', { failuresPerMinute: 3, failureBlockSeconds: 600 }),
        gateway('b', { failuresPerMinute: 3, failureBlockSeconds: 600 }),
      ]);
      for (let count = 0; count < 3; count += 1) a.limits.credentialRefused(ip, true);
      await eventually(() => {
        expect(a.decisions.filter((text) => text === 'failures-per-ip allowed')).toHaveLength(3);
      });
      expect((await b.admit(ip)).ok).toBe(true);
      a.limits.credentialRefused(ip, false);
      await eventually(() => {
        expect(a.limits.refusalOf(ip)).toMatchObject({ name: 'failures-per-ip' });
      });
      const refused = await b.admit(ip);
      expect(refusalName(refused)).toBe('failures-per-ip');
      for (const one of [a, b]) {
        expect(one.limits.refusalOf(ip)?.retryAfterMs).toBeGreaterThan(590_000);
        expect(one.requests.refusalOf(ip)).toMatchObject({ name: 'failures-per-ip' });
      }
    });

    it('holds each limit exactly while both gateways are stormed', async () => {
      const plan = { ...settingsWith().defaults, connectionsPerSubject: 9, requestsPerMinute: 11 };
      const limits = {
        attemptsPerMinute: 20,
        failuresPerMinute: 5,
        requestsPerIpPerMinute: 13,
        plans: new Map([['small', plan]]),
      };
      const [a, b] = await Promise.all([gateway('a', limits), gateway('b', limits)]);
      const subject = randomUUID();
      const storm = <T>(ask: (one: Gateway, index: number) => Promise<T>): Promise<T[]> =>
        Promise.all(Array.from({ length: 60 }, (_, index) => ask(index % 2 === 0 ? a : b, index)));
      const [ofSubject, attempts, requests, anonymous] = await Promise.all([
        storm((one, index) => one.admit(`${ip}-${index}`, subject, 'small')),
        storm((one, index) => one.admit(ip, `${subject}-${index}`)),
        storm((one) => one.requests.countRequest(subject, 'small')),
        storm((one) => one.requests.countAnonymous(ip)),
      ]);
      expect(places(ofSubject)).toHaveLength(9);
      expect(places(attempts)).toHaveLength(20);
      expect(requests.filter((decision) => decision?.ok)).toHaveLength(11);
      expect(anonymous.filter((decision) => decision?.ok)).toHaveLength(13);

      const decisions = () =>
        [...a.decisions, ...b.decisions].filter((text) => text.startsWith('failures-per-ip'));
      for (let count = 0; count < 30; count += 1) {
        for (const one of [a, b]) one.limits.credentialRefused(`${ip}-forger`, false);
      }
      await eventually(() => expect(decisions()).toHaveLength(60));
      expect(decisions().filter((text) => text.endsWith('allowed'))).toHaveLength(5);
    });

    it('counts requests by subject and plan, or by address', async () => {
      const [a, b] = await Promise.all([
        gateway('a', { requestsPerIpPerMinute: 2 }),
        gateway('b', { requestsPerIpPerMinute: 2 }),
      ]);
      const answers = [];
      for (const one of [a, b, a, b]) answers.push(await one.requests.countAnonymous(ip));
      expect(answers.map((answer) => answer?.ok)).toEqual([true, true, false, false]);
      expect(answers[0]).toMatchObject({ state: { name: 'requests-per-ip', remaining: 1 } });
      expect(answers[3]).toMatchObject({
        refusal: { name: 'requests-per-ip', quota: { limit: 2, windowSeconds: 60 } },
      });
      expect(await a.requests.countRequest(randomUUID(), null)).toMatchObject({ ok: true });
    });

    it('asks nobody where every limit is switched off', async () => {
      const off = { subscriptions: 1, connectionsPerSubject: 0, messagesPerSecond: 0 };
      const a = new Gateway(
        world.open('a'),
        settingsWith({
          attemptsPerMinute: 0,
          failuresPerMinute: 0,
          connectionsPerIp: 0,
          connectionsPerProcess: 0,
          requestsPerIpPerMinute: 0,
          defaults: { ...off, requestsPerMinute: 0 },
        }),
      );
      const admissions = await Promise.all(Array.from({ length: 50 }, () => a.admit(ip)));
      expect(places(admissions)).toHaveLength(50);
      expect(await a.requests.countRequest('alice', null)).toBeNull();
      expect(await a.requests.countAnonymous(ip)).toBeNull();
      a.limits.credentialRefused(ip, true);
      expect(a.limits.refusalOfProcess(1_000_000)).toBeNull();
      expect(a.decisions).toEqual([]);
    });
  });
}
