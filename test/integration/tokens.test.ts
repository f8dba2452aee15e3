import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Issuer } from '../gateway/auth/jwks/issuer.ts';
import { buildCli } from '../support/built-cli.ts';
import { eventually } from '../support/eventually.ts';
import { listening, startRole, type Listening, type RoleProcess } from '../support/role-process.ts';

beforeAll(() => buildCli());

describe('a process that trusts the keys of an address', () => {
  const issuer = new Issuer();
  let standalone: RoleProcess;
  let at: Listening;
  const presented: string[] = [];

  beforeAll(async () => {
    await issuer.listen();
    issuer.makeKey('first');
    standalone = startRole(['standalone'], {
      CANDLEGATE_JWT_SECRET: '',
      CANDLEGATE_JWT_JWKS_URL: issuer.url,
      CANDLEGATE_JWT_ISSUER: 'https://id.example',
      CANDLEGATE_FEED: 'simulator',
      CANDLEGATE_LOG_LEVEL: 'debug',
    });
    at = await listening(standalone);
  });
  afterAll(async () => {
    await standalone.stop();
    await issuer.close();
  });

  async function token(kid: string, claims: Record<string, unknown> = {}): Promise<string> {
    const made = await issuer.token(kid, { iss: 'https://id.example', ...claims });
    presented.push(made);
    return made;
  }

  async function statusFor(bearer: string): Promise<number> {
    const headers = { authorization: `Bearer ${bearer}` };
    return (await fetch(`${at.http}/api/v1/live/channels`, { headers })).status;
  }

  it('accepts their tokens, also after a rotation, and no others', async () => {
    await eventually(async () => expect((await fetch(`${at.admin}/readyz`)).status).toBe(200));
    expect(await statusFor(await token('first'))).toBe(200);
    issuer.makeKey('second');
    expect(await statusFor(await token('second'))).toBe(200);
    issuer.makeKey('stranger', false);
    expect(await statusFor(await token('stranger'))).toBe(401);
    expect(await statusFor(await token('first', { iss: 'https://evil.example' }))).toBe(401);
    const metrics = await (await fetch(`${at.admin}/metrics`)).text();
    expect(metrics).toMatch(/authentications_total\{[^}]*kind="token",outcome="accepted"[^}]*\} 2/);
    expect(metrics).toMatch(/authentications_total\{[^}]*outcome="invalid_issuer"[^}]*\} 1/);
  });

  it('writes no part of a token into its log', () => {
    const written = JSON.stringify(standalone.log) + standalone.text.join('\n');
    for (const [header = '', payload = '', signature = ''] of presented.map((made) =>
      made.split('.'),
    )) {
      expect(written).not.toContain(header);
      expect(written).not.toContain(payload);
      expect(written).not.toContain(signature);
    }
  });
});

describe('a gateway that accepts tokens of any issuer and for any audience', () => {
  it('warns of it, and of neither where both are set', async () => {
    const REDIS = { CANDLEGATE_REDIS_URL: 'redis://127.0.0.1:9' };
    const isWarning = ({ msg }: { msg: string }): boolean => msg.includes('whoever issued them');
    const open = startRole(['gateway'], REDIS);
    const line = await open.logged(isWarning);
    expect(line).toMatchObject({
      level: 'warn',
      missing: ['CANDLEGATE_JWT_ISSUER', 'CANDLEGATE_JWT_AUDIENCE'],
    });
    await open.stop('SIGKILL');
    const closed = startRole(['gateway'], {
      ...REDIS,
      CANDLEGATE_JWT_ISSUER: 'us',
      CANDLEGATE_JWT_AUDIENCE: 'them',
    });
    await listening(closed);
    expect(closed.log.some(isWarning)).toBe(false);
    await closed.stop('SIGKILL');
  });
});
