import { readFileSync } from 'node:fs';
import * as prettier from 'prettier';
import { describe, expect, it } from 'vitest';
import { describeConfiguration, withConfigurationTable } from '../../src/config/describe.ts';
import { envName, flagName, ROLES } from '../../src/config/setting.ts';
import { SETTING_KEYS, settingsOfRole } from '../../src/config/settings.ts';

const README = new URL('../../README.md', import.meta.url);

describe('the configuration table', () => {
  it('in README.md is current (`npm run docs:config` writes it)', async () => {
    const readme = readFileSync(README, 'utf8');
    const options = await prettier.resolveConfig(README);
    const current = await prettier.format(withConfigurationTable(readme), {
      ...options,
      parser: 'markdown',
    });
    expect(readme).toBe(current);
  });

  it('has one row for every variable', () => {
    const rows = describeConfiguration().split('\n');
    for (const key of SETTING_KEYS) {
      expect(rows.filter((row) => row.startsWith(`| \`${envName(key)}\` |`))).toHaveLength(1);
    }
  });

  it('cannot be put where the markers are missing', () => {
    expect(() => withConfigurationTable('# candlegate')).toThrow('markers');
  });
});

describe('names of a setting', () => {
  it('follow from its key', () => {
    expect(envName('maxBackpressureBytes')).toBe('CANDLEGATE_MAX_BACKPRESSURE_BYTES');
    expect(flagName('maxBackpressureBytes')).toBe('--max-backpressure-bytes');
    expect(flagName('simulatorSeed')).toBe('--simulator-seed');
    expect(flagName('simulatorSeed', 'simulator')).toBe('--seed');
  });

  it('keep those that users rely on', () => {
    const kept =
      'PORT ADMIN_PORT HOST REDIS_URL SYMBOLS INTERVALS FEED BYBIT_WS_URL BYBIT_REST_URL JWT_SECRET ' +
      'JWT_PUBLIC_KEY JWT_ISSUER JWT_AUDIENCE HEARTBEAT_MS HISTORY LOG_LEVEL';
    const names = new Set(SETTING_KEYS.map(envName));
    for (const name of kept.split(' ')) expect(names).toContain(`CANDLEGATE_${name}`);
  });

  it.each(ROLES)('are different within the role %s', (role) => {
    const flags = settingsOfRole(role).map((key) => flagName(key, role));
    expect(new Set(flags).size).toBe(flags.length);
  });
});
