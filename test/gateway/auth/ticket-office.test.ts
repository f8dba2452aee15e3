import { Registry } from 'prom-client';
import { beforeEach, describe, expect, it } from 'vitest';
import { createMemoryAccess } from '../../../src/access/memory/memory-access.ts';
import { StoreUnavailableError } from '../../../src/access/store-errors.ts';
import type { TicketStore } from '../../../src/access/stores.ts';
import { createTicket } from '../../../src/access/ticket.ts';
import { ChannelGrants } from '../../../src/gateway/auth/channel-grant.ts';
import type { Identity } from '../../../src/gateway/auth/identity.ts';
import { TicketOffice, type IssuedTicket } from '../../../src/gateway/auth/ticket-office.ts';
import { AccessMetrics } from '../../../src/metrics/access-metrics.ts';
import { identityOf, NOW, silentLog } from './tokens.ts';

const TTL_MS = 30_000;

describe('a ticket', () => {
  let now: number;
  let office: TicketOffice;
  const clock = { now: () => now };

  function officeOf(store: TicketStore): TicketOffice {
    const metrics = new AccessMetrics(new Registry());
    return new TicketOffice({ store, ttlMs: TTL_MS, clock, metrics, log: silentLog });
  }

  beforeEach(() => {
    now = NOW;
    office = officeOf(createMemoryAccess(clock).tickets);
  });

  async function issue(identity: Identity) {
    const issued: IssuedTicket = await office.issue(identity);
    if (!issued.ok) throw new Error(issued.problem);
    return issued;
  }

  it('brings back who made it, with the same rights, once', async () => {
    const grant = new ChannelGrants().read(['candles:BTCUSDT:*']);
    if (grant === undefined) throw new Error('malformed');
    const maker = identityOf({
      plan: 'gold',
      tokenId: 't1',
      keyId: 'k1',
      issuedAt: NOW - 9,
      grant,
    });
    const { ticket, expiresAt } = await issue(maker);
    expect(expiresAt).toBe(NOW + TTL_MS);
    const redeemed = await office.redeem(ticket);
    expect(redeemed).toMatchObject({ ok: true, identity: { ...maker, grant: {} } });
    expect(redeemed).toMatchObject({ identity: { grant: { patterns: ['candles:BTCUSDT:*'] } } });
    expect(await office.redeem(ticket)).toMatchObject({ ok: false, problem: 'invalid_ticket' });
  });

  it('keeps a maker who may see nothing from seeing everything', async () => {
    const grant = new ChannelGrants().read([]);
    if (grant === undefined) throw new Error('malformed');
    const { ticket } = await issue(identityOf({ grant }));
    const redeemed = await office.redeem(ticket);
    expect(redeemed.ok && redeemed.identity.grant.patterns).toEqual([]);
  });

  it('ends after its time, and never outlives what it was made with', async () => {
    const long = await issue(identityOf());
    const short = await issue(identityOf({ expiresAt: NOW + 1_000 }));
    expect(short.expiresAt).toBe(NOW + 1_000);
    now = NOW + 1_000;
    expect(await office.redeem(short.ticket)).toMatchObject({ problem: 'invalid_ticket' });
    now = NOW + TTL_MS;
    expect(await office.redeem(long.ticket)).toMatchObject({ problem: 'invalid_ticket' });
  });

  it('is refused without a question to the store when it cannot be one', async () => {
    const away = () => Promise.reject(new StoreUnavailableError('away'));
    office = officeOf({ put: away, take: away });
    expect(await office.redeem('cgt_nonsense')).toMatchObject({ problem: 'invalid_ticket' });
    expect(await office.redeem(createTicket().text)).toMatchObject({
      problem: 'store_unavailable',
      headers: { 'Retry-After': '1' },
    });
    expect(await office.issue(identityOf())).toMatchObject({ problem: 'store_unavailable' });
  });
});
