import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildCli, runCli } from '../support/built-cli.ts';

const SECRET = 'correct-horse-battery-staple-32b!';
const KEY = { CANDLEGATE_JWT_SECRET: SECRET };

beforeAll(buildCli);

describe('candlegate', () => {
  it('says with --help which commands there are', async () => {
    const { code, stdout } = await runCli(['--help']);
    expect(code).toBe(0);
    for (const command of ['standalone', 'gateway', 'ingest', 'simulator', 'token', 'config']) {
      expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
    }
  });

  it('prints the version of package.json', async () => {
    const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
    const { version } = JSON.parse(manifest) as { version: string };
    expect(await runCli(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  it.each([
    ['an unknown command', ['gatway'], "unknown command 'gatway'"],
    ['an unknown flag', ['config', '--rol', 'gateway'], "unknown option '--rol'"],
    ['an unknown flag of the program', ['--prot', '1'], "unknown option '--prot'"],
    ['a missing flag', ['token'], "required option '--sub <name>' not specified"],
    ['a wrong choice', ['config', '--role', 'boss'], "argument 'boss' is invalid"],
    ['a superfluous argument', ['token', 'x', '--sub', 'me'], 'too many arguments'],
    ['no command at all', [], 'Usage: candlegate'],
  ])('refuses %s with a message and exit code 2', async (_name, args, message) => {
    const { code, stdout, stderr } = await runCli(args, KEY);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(stdout).toBe('');
  });

  it('starts nothing while the configuration has mistakes, and names all of them', async () => {
    const { code, stdout, stderr } = await runCli(['gateway', '--port', 'x'], {
      CANDLEGATE_HISTORI: '5',
    });
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain('CANDLEGATE_PORT (--port) must be a whole number');
    expect(stderr).toContain('did you mean CANDLEGATE_HISTORY?');
    expect(stderr).toContain('CANDLEGATE_JWT_SECRET is needed');
    expect(stderr).not.toContain('    at ');
  });
});

describe('candlegate token', () => {
  /** Header and payload, after checking the signature by hand. */
  function verified(token: string): { header: unknown; payload: Record<string, unknown> } {
    const [header = '', payload = '', signature] = token.split('.');
    const expected = createHmac('sha256', SECRET)
      .update(`${header}.${payload}`)
      .digest('base64url');
    expect(signature).toBe(expected);
    const read = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString());
    return { header: read(header), payload: read(payload) as Record<string, unknown> };
  }

  it('prints a signed token and nothing else', async () => {
    const { code, stdout, stderr } = await runCli(['token', '--sub', 'alice'], KEY);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    const { header, payload } = verified(stdout.trim());
    expect(header).toMatchObject({ alg: 'HS256' });
    expect(payload['sub']).toBe('alice');
    expect(Number(payload['exp']) - Number(payload['iat'])).toBeCloseTo(3600, -1);
    expect(payload).not.toHaveProperty('channels');
  });

  it('puts time to live, channels, issuer and audience into it', async () => {
    const args = ['token', '--sub', 'bob', '--ttl', '2d', '--jwt-issuer', 'us', '--channels'];
    const { stdout } = await runCli([...args, 'candles:btcusdt:*,candles:*:1h', 'candles:*:*'], {
      ...KEY,
      CANDLEGATE_JWT_AUDIENCE: 'them',
    });
    const { payload } = verified(stdout.trim());
    expect(payload).toMatchObject({
      sub: 'bob',
      iss: 'us',
      aud: 'them',
      channels: ['candles:BTCUSDT:*', 'candles:*:60', 'candles:*:*'],
    });
    expect(Number(payload['exp']) - Number(payload['iat'])).toBeCloseTo(2 * 86_400, -1);
  });

  it.each([
    ['a time to live without a unit', ['--sub', 'me', '--ttl', '60']],
    ['no time to live', ['--sub', 'me', '--ttl', '0s']],
    ['an empty subject', ['--sub', '']],
    ['a pattern that is none', ['--sub', 'me', '--channels', 'candles:*BTC*:1']],
    ['a time that no gateway would accept', ['--sub', 'me', '--ttl', '8d']],
  ])('refuses %s with exit code 2 and prints no token', async (_name, args) => {
    const { code, stdout, stderr } = await runCli(['token', ...args], KEY);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).not.toBe('');
  });

  it('needs the secret, and repeats nothing of one that is too short', async () => {
    expect(await runCli(['token', '--sub', 'me'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('CANDLEGATE_JWT_SECRET is needed') as string,
    });
    const short = await runCli(['token', '--sub', 'me'], { CANDLEGATE_JWT_SECRET: 'hunter2' });
    expect(short.code).toBe(2);
    expect(short.stderr).toContain('at least 32 bytes');
    expect(short.stdout + short.stderr).not.toContain('hunter2');
  });
});

describe('candlegate config', () => {
  const env = {
    ...KEY,
    CANDLEGATE_REDIS_URL: 'redis://app:hunter2@redis.example:6379',
    CANDLEGATE_HISTORY: '50',
  };

  it('prints every value of the role, where it came from, and no secret', async () => {
    const { code, stdout, stderr } = await runCli(
      ['config', '--role', 'gateway', '--port', '8001'],
      env,
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const rows = new Map(stdout.split('\n').map((line) => [line.split(/\s+/)[0], line]));
    expect(rows.get('CANDLEGATE_PORT')).toMatch(/ flag +8001$/);
    expect(rows.get('CANDLEGATE_HISTORY')).toMatch(/ env +50$/);
    expect(rows.get('CANDLEGATE_ADMIN_PORT')).toMatch(/ default +9464$/);
    expect(rows.get('CANDLEGATE_REDIS_URL')).toMatch(
      / redis:\/\/\*\*\*:\*\*\*@redis\.example:6379$/,
    );
    expect(rows.get('CANDLEGATE_JWT_SECRET')).toMatch(/ env +\*\*\*$/);
    expect(rows.has('CANDLEGATE_STALL_MS')).toBe(false);
    expect(stdout).not.toMatch(/hunter2|correct-horse/);
  });

  it('prints one JSON object with --json, mistakes included, and fails when there are some', async () => {
    const { code, stdout } = await runCli(['config', '--role', 'ingest', '--json'], {
      ...env,
      CANDLEGATE_HISTORY: 'many',
    });
    expect(code).toBe(2);
    const output = JSON.parse(stdout) as { settings: unknown[]; mistakes: unknown[]; role: string };
    expect(output.role).toBe('ingest');
    expect(output.mistakes).toEqual([
      {
        variable: 'CANDLEGATE_HISTORY',
        message: 'must be a whole number from 1 to 100000, not "many"',
      },
    ]);
    expect(output.settings).toContainEqual({
      variable: 'CANDLEGATE_HISTORY',
      from: 'env',
      value: null,
      wrong: true,
    });
  });

  it('shows every variable when no role is named', async () => {
    const { code, stdout } = await runCli(['config']);
    expect(code).toBe(0);
    for (const name of ['PORT', 'STALL_MS', 'SIMULATOR_SEED', 'JWT_SECRET', 'TOKEN']) {
      expect(stdout).toMatch(new RegExp(`^CANDLEGATE_${name} `, 'm'));
    }
  });
});
