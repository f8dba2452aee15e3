import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mintToken } from '../../src/gateway/auth/mint.ts';
import { buildCli } from '../support/built-cli.ts';
import { connect } from '../support/recording-client.ts';
import { listening, startRole, type Listening, type RoleProcess } from '../support/role-process.ts';

const OLD_SECRET = 'the secret before the reload, 32+ bytes';
const NEW_SECRET = 'the secret after the reload, 32+ bytes!';

describe('SIGHUP', { timeout: 60_000 }, () => {
  let role: RoleProcess;
  let at: Listening;
  let folder: string;
  let file: string;

  const mint = (secret: string) =>
    mintToken({ secret, subject: 'tester', ttlMs: 600_000, now: Date.now() });
  /** Writes the file, signals, and waits for the line that says what came of it. */
  async function reload(variables: Record<string, string>, outcome: RegExp) {
    const lines = Object.entries(variables).map(([name, value]) => `CANDLEGATE_${name}="${value}"`);
    await writeFile(file, lines.join('\n'));
    const before = role.log.length;
    role.signal('SIGHUP');
    return role.logged((line) => role.log.indexOf(line) >= before && outcome.test(line.msg));
  }

  beforeAll(async () => {
    await buildCli();
    folder = await mkdtemp(path.join(tmpdir(), 'candlegate-test-sighup-'));
    file = path.join(folder, 'candlegate.env');
    await writeFile(file, `CANDLEGATE_JWT_SECRET="${OLD_SECRET}"`);
    role = startRole(['standalone', '--max-subscriptions', '5'], {
      CANDLEGATE_ENV_FILE: file,
      // Empty counts as not set: it is the file that has the key.
      CANDLEGATE_JWT_SECRET: '',
      CANDLEGATE_FEED: 'simulator',
      CANDLEGATE_SIMULATOR_SPEED: '60',
    });
    at = await listening(role);
  });
  afterAll(async () => {
    await role.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('exchanges the key, while a connection goes on without noticing', async () => {
    const url = `${at.ws}/api/v1/live/ws`;
    const [oldToken, newToken] = [await mint(OLD_SECRET), await mint(NEW_SECRET)];
    const client = await connect(url, oldToken);
    client.send({ type: 'subscribe', channels: ['candles:BTCUSDT:1'] });
    await client.received('candle');
    await expect(connect(url, newToken)).rejects.toThrow('401');

    const { settings } = await reload({ JWT_SECRET: NEW_SECRET }, /^reloaded$/);
    expect(settings).toEqual(['CANDLEGATE_JWT_SECRET']);
    await expect(connect(url, oldToken)).rejects.toThrow('401');
    (await connect(url, newToken)).close();

    const { offset } = client.of('candle').at(-1) ?? { offset: 0 };
    await client.received('candle', (message) => message.offset >= offset + 3);
    const offsets = client.of('candle').map((message) => message.offset);
    offsets.slice(1).forEach((each, index) => expect(each).toBe((offsets[index] ?? 0) + 1));
    client.close();
  });

  it('takes in limits and plans, also for connections that are open', async () => {
    const url = `${at.ws}/api/v1/live/ws`;
    await reload({ JWT_SECRET: NEW_SECRET }, /^reloaded/);
    const open = await connect(url, await mint(NEW_SECRET));
    const { settings } = await reload(
      {
        JWT_SECRET: NEW_SECRET,
        MAX_CONNECTIONS_PER_IP: '2',
        MESSAGES_PER_SECOND: '1',
        PLANS: 'pro:subscriptions=7,messages=3',
      },
      /^reloaded$/,
    );
    expect([...(settings as string[])].sort()).toEqual([
      'CANDLEGATE_MAX_CONNECTIONS_PER_IP',
      'CANDLEGATE_MESSAGES_PER_SECOND',
      'CANDLEGATE_PLANS',
    ]);
    for (let count = 0; count < 6; count += 1) open.send({ type: 'ping' });
    expect(await open.received('error')).toMatchObject({ code: 'rate_limited' });
    const planned = await new SignJWT({ plan: 'pro' })
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject('pro')
      .setIssuedAt()
      .setExpirationTime('10m')
      .sign(new TextEncoder().encode(NEW_SECRET));
    const pro = await connect(url, planned);
    expect((await pro.received('welcome')).limits.subscriptions).toBe(7);
    // The third from this address, where the second has found room.
    await expect(connect(url, await mint(NEW_SECRET))).rejects.toThrow('429');
    open.close();
    pro.close();
    await reload({ JWT_SECRET: NEW_SECRET }, /^reloaded$/);
    (await connect(url, await mint(NEW_SECRET))).close();
  });

  it('takes in the log level', async () => {
    await reload({ JWT_SECRET: NEW_SECRET, LOG_LEVEL: 'debug' }, /^reloaded$/);
    const client = await connect(`${at.ws}/api/v1/live/ws`, await mint(NEW_SECRET));
    client.close();
    await role.logged(({ level }) => level === 'debug');
  });

  it('changes nothing for a file with mistakes, and names each', async () => {
    const { mistakes } = await reload(
      { JWT_SECRET: 'short', LOG_LEVEL: 'loud', HISTORIE: '1' },
      /^not reloaded/,
    );
    expect(mistakes).toHaveLength(3);
    (await connect(`${at.ws}/api/v1/live/ws`, await mint(NEW_SECRET))).close();
  });

  it('names what only a restart takes in; flags go before the file', async () => {
    const { settings } = await reload(
      { JWT_SECRET: NEW_SECRET, LOG_LEVEL: 'debug', HISTORY: '50', MAX_SUBSCRIPTIONS: '7' },
      /only a restart/,
    );
    expect(settings).toEqual(['CANDLEGATE_HISTORY']);
    const client = await connect(`${at.ws}/api/v1/live/ws`, await mint(NEW_SECRET));
    expect((await client.received('welcome')).limits.subscriptions).toBe(5);
    client.close();
  });
});
