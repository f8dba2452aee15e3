import { describe, expect, it } from 'vitest';
import { channelOf } from '../../src/candle/channel.ts';
import type { HeardPresence } from '../../src/presence/heard.ts';
import type { GatewayPresence, IngestPresence } from '../../src/presence/presence.ts';
import { judgeChannel } from '../../src/status/channel-parts.ts';
import { statusTable } from '../../src/status/format.ts';
import { worstState } from '../../src/status/part.ts';
import { judgeGateways, judgeIngest, judgeUpstream } from '../../src/status/process-parts.ts';
import { judgeRedis } from '../../src/status/redis-part.ts';

const INFO = [
  'redis_version:7.0.15',
  'used_memory:1048576',
  'maxmemory:0',
  'maxmemory_policy:noeviction',
  'role:master',
  'connected_slaves:0',
];
const info = (changes: Record<string, string> = {}) =>
  INFO.map((line) => {
    const name = line.slice(0, line.indexOf(':'));
    return name in changes ? `${name}:${changes[name] ?? ''}` : line;
  }).join('\r\n');

const common = { version: '1.0.0', startedAt: 0, notReady: [] };
function ingest(
  instance: string,
  changes: Partial<IngestPresence> = {},
  ageMs = 100,
): HeardPresence {
  const channels = { live: 3, stale: 0, down: 0 };
  const presence: IngestPresence = {
    ...common,
    role: 'ingest',
    instance,
    leading: instance === 'i1',
    channels,
    clockOffsetMs: 10,
    ...changes,
  };
  return { presence, ageMs };
}
function gateway(changes: Partial<GatewayPresence> = {}, ageMs = 100): HeardPresence {
  const presence: GatewayPresence = {
    ...common,
    role: 'gateway',
    instance: 'g1',
    connections: 1,
    feed: 'live',
    bus: 'connected',
    ...changes,
  };
  return { presence, ageMs };
}

describe('the status of Redis', () => {
  it.each([
    [{}, 'ok', 'redis 7.0.15 at r:6379, 1.0 MiB of memory used'],
    [{ redis_version: '6.0.9' }, 'failed', 'older than Redis 6.2'],
    [{ role: 'slave' }, 'failed', 'a replica, not the master'],
    [{ maxmemory_policy: 'allkeys-lru' }, 'warning', 'maxmemory-policy is allkeys-lru'],
    [{ maxmemory: '1100000' }, 'warning', 'more than 90 % of maxmemory is used'],
    [{ connected_slaves: '2' }, 'ok', '2 replicas'],
  ])('%j is %s', (changes, state, detail) => {
    const part = judgeRedis('r:6379', info(changes));
    expect(part).toMatchObject({ part: 'redis', state });
    expect(part.detail).toContain(detail);
  });
});

describe('the status of ingest and the exchange', () => {
  it('is fine when one leads and another stands by', () => {
    const heard = [ingest('i1'), ingest('i2')];
    expect(judgeIngest(heard, 'i1').map(({ part, state }) => [part, state])).toEqual([
      ['ingest', 'ok'],
      ['ingest i1', 'ok'],
      ['ingest i2', 'ok'],
    ]);
    expect(judgeUpstream(heard, 'i1', 43)).toEqual({
      part: 'upstream',
      state: 'ok',
      detail: '3 channels live, exchange → ingest 53.0 ms',
    });
  });

  it('warns of a missing standby and of one that vanished', () => {
    const parts = judgeIngest([ingest('i1'), ingest('i2', {}, 60_000)], 'i1');
    expect(parts[0]).toEqual({
      part: 'ingest',
      state: 'warning',
      detail: 'none stands by, i1 leads',
    });
    expect(parts[2]).toMatchObject({ part: 'ingest i2', state: 'warning' });
    expect(parts[2]?.detail).toContain('not heard for 60 s');
  });

  it('fails when nobody leads, one is not ready, or channels have no connection', () => {
    expect(judgeIngest([ingest('i1')], null)[0]?.detail).toContain('nobody leads');
    expect(judgeIngest([ingest('i1', { notReady: ['not ready: x'] })], 'i1')[1]).toMatchObject({
      state: 'failed',
      detail: 'not ready: x, leads, version 1.0.0',
    });
    const down = ingest('i1', { channels: { live: 1, stale: 0, down: 2 } });
    expect(judgeUpstream([down], 'i1', 43)).toMatchObject({ state: 'failed' });
    expect(judgeUpstream([down], 'i1', 43).detail).toContain('no connection for 2 of 3');
    expect(judgeUpstream([], 'i1', 43)).toMatchObject({ state: 'failed' });
  });

  it('does not make up a delay where the clock of the exchange is not known', () => {
    const part = judgeUpstream([ingest('i1', { clockOffsetMs: null })], 'i1', 43);
    expect(part.detail).toContain('cannot be measured');
  });
});

describe('the status of gateways', () => {
  it.each([
    [gateway(), 'ok', '1 connection, version 1.0.0'],
    [gateway({ connections: 12 }), 'ok', '12 connections'],
    [gateway({ bus: 'lost', feed: 'stale' }), 'failed', 'the bus is lost, the feed is stale'],
    [gateway({ notReady: ['not ready: draining'] }), 'failed', 'not ready: draining'],
  ])('%#', (heard, state, detail) => {
    const [part] = judgeGateways([heard]);
    expect(part).toMatchObject({ part: 'gateway g1', state });
    expect(part?.detail).toContain(detail);
  });

  it('only warns of one that starts or drains while another serves', () => {
    const draining = gateway({ notReady: ['not ready: draining'] });
    expect(judgeGateways([draining, gateway()]).map(({ state }) => state)).toEqual([
      'warning',
      'ok',
    ]);
    expect(judgeGateways([draining, draining]).map(({ state }) => state)).toEqual([
      'failed',
      'failed',
    ]);
  });

  it('fails when there is none, also when one was there until lately', () => {
    expect(judgeGateways([])).toEqual([
      { part: 'gateway', state: 'failed', detail: 'none serves clients' },
    ]);
    expect(judgeGateways([gateway({}, 30_000)]).map(({ state }) => state)).toEqual([
      'failed',
      'warning',
    ]);
  });
});

describe('the status of a channel', () => {
  const channel = channelOf('BTCUSDT', '1');
  const now = Date.UTC(2026, 0, 5, 12, 3, 20);
  const minute = (index: number) => Date.UTC(2026, 0, 5, 12, index);
  const end = (lastClosed: number | null, start: number, published = now - 400) => ({
    offset: 7,
    lastClosed,
    newest: { start, published },
  });

  it.each([
    ['fresh', end(minute(2), minute(3)), 'ok', 'updated 0.4 s ago, last closed 2026-01-05T12:02Z'],
    ['about to close', end(minute(1), minute(3)), 'ok', 'last closed 2026-01-05T12:01Z'],
    ['nothing open', end(minute(2), minute(2)), 'ok', 'updated'],
    ['nothing closed', end(null, minute(3)), 'ok', 'none closed yet'],
    ['missing closes', end(minute(0), minute(3)), 'failed', '2 closed candles are missing'],
    ['silent', end(minute(2), minute(3), now - 91_000), 'failed', 'no update for 91 s'],
    ['empty', null, 'failed', 'nothing has been published'],
  ])('%s', (_name, tip, state, detail) => {
    const part = judgeChannel(channel, tip, now);
    expect(part).toMatchObject({ part: channel.name, state });
    expect(part.detail).toContain(detail);
  });
});

describe('the status of a channel of long candles', () => {
  const hourly = channelOf('BTCUSDT', '60');
  const hour = (index: number) => Date.UTC(2026, 0, 5, index);
  /** The one before the newest has not closed. */
  const state = (now: number) =>
    judgeChannel(
      hourly,
      { offset: 7, lastClosed: hour(10), newest: { start: hour(12), published: now - 400 } },
      now,
    ).state;

  it('waits a minute for a close, and no hour', () => {
    expect(state(hour(12) + 30_000)).toBe('ok');
    expect(state(hour(12) + 90_000)).toBe('failed');
  });

  it('does not hold the clock of a market in the past or the future against it', () => {
    expect(state(hour(20))).toBe('ok');
    expect(state(hour(2))).toBe('ok');
  });
});

describe('the table', () => {
  it('aligns its columns and sums up', () => {
    expect(
      statusTable([
        { part: 'redis', state: 'ok', detail: 'x' },
        { part: 'gateway g1', state: 'failed', detail: 'y' },
      ]),
    ).toEqual(['redis       OK      x', 'gateway g1  FAILED  y', '1 of 2 parts are not fine']);
    expect(worstState([])).toBe('failed');
  });
});
