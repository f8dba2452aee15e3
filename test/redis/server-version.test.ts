import type { Redis } from 'ioredis';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { checkServerVersion, readServerVersion } from '../../src/redis/server-version.ts';

function info(fields: Record<string, string>): string {
  return [
    '# Server',
    ...Object.entries(fields).map(([name, value]) => `${name}:${value}`),
    '',
  ].join('\r\n');
}

describe('the version of the server', () => {
  it.each([
    ['5.0.14', false],
    ['6.0.16', false],
    ['6.2.0', true],
    ['7.0.15', true],
    ['10.0.0', true],
  ])('of Redis %s is supported: %s', (version, isSupported) => {
    expect(readServerVersion(info({ redis_version: version, os: 'Linux: 6' }))).toEqual({
      product: 'redis',
      version,
      isSupported,
    });
  });

  it('of Valkey is its own, and supported as the Redis that it equals', () => {
    const fields = { redis_version: '7.2.4', server_name: 'valkey', valkey_version: '8.1.1' };
    expect(readServerVersion(info(fields))).toEqual({
      product: 'valkey',
      version: '8.1.1',
      isSupported: true,
    });
  });

  it('may be missing', () => {
    expect(readServerVersion('# Server\r\n')).toBeNull();
  });

  it.each([
    ['6.0.16', ['this is redis 6.0.16; candlegate needs Redis 6.2 or newer, or Valkey']],
    ['7.0.15', []],
  ])('%s is written about in the log when it is too old', async (version, expected) => {
    const lines: string[] = [];
    const log = pino({}, { write: (line: string) => lines.push(line) });
    const redis = { info: () => Promise.resolve(info({ redis_version: version })) };
    await checkServerVersion(redis as unknown as Redis, log);
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(expected);
  });
});
