import { describe, expect, it } from 'vitest';
import { createApiKey } from '../../src/access/api-key.ts';
import { createTicket } from '../../src/access/ticket.ts';
import { createLog, type LogOptions } from '../../src/log/log.ts';

const TOKEN = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJtZSJ9.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg';

function logInto(options: Partial<LogOptions> = {}, isTTY = false) {
  const lines: string[] = [];
  const log = createLog(
    { level: 'info', format: 'auto', role: 'gateway', instance: 'g1', ...options },
    { write: (line) => void lines.push(line), isTTY },
  );
  return { log, lines };
}

describe('createLog', () => {
  it('writes one JSON object a line with role, instance, level and time', () => {
    const { log, lines } = logInto();
    log.info({ port: 8000 }, 'listening');
    expect(lines).toHaveLength(1);
    const line = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
    expect(line).toMatchObject({
      level: 'info',
      role: 'gateway',
      instance: 'g1',
      port: 8000,
      msg: 'listening',
    });
    expect(Date.parse(String(line['time']))).not.toBeNaN();
  });

  it('is silent below its level', () => {
    const { log, lines } = logInto({ level: 'warn' });
    log.info('no');
    log.warn('yes');
    expect(lines).toHaveLength(1);
  });

  it('writes for people on a terminal, and only there, unless told otherwise', () => {
    for (const [format, isTTY, isJson] of [
      ['auto', true, false],
      ['auto', false, true],
      ['json', true, true],
      ['pretty', false, false],
    ] as const) {
      const { log, lines } = logInto({ format }, isTTY);
      log.info('hello');
      expect(lines[0]?.startsWith('{'), `${format}, terminal: ${isTTY}`).toBe(isJson);
      expect(lines[0]).toContain('hello');
    }
  });

  it.each([
    ['a member', { token: TOKEN }],
    ['a header', { req: { headers: { authorization: `Bearer ${TOKEN}` } } }],
    ['the subprotocol header', { headers: { 'sec-websocket-protocol': `a, b.${TOKEN}` } }],
    ['a URL', { url: `/api/v1/live/ws?token=${TOKEN}&since=1` }],
    ['an error', { err: new Error(`refused ${TOKEN}`) }],
    ['a configuration', { auth: { secret: TOKEN } }],
    [
      'a failed Redis command',
      {
        err: Object.assign(new Error('WRONGPASS'), {
          command: { name: 'auth', args: ['c2lnbmF0dXJl'] },
        }),
      },
    ],
  ])('never prints a token that comes in %s', (_where, fields) => {
    for (const format of ['json', 'pretty'] as const) {
      const { log, lines } = logInto({ format });
      log.info(fields, 'refused');
      expect(lines.join('')).toContain('refused');
      expect(lines.join('')).not.toContain('c2lnbmF0dXJl');
      expect(lines.join('')).not.toContain('eyJzdWIi');
    }
  });

  it('prints the number of a fence, although it is called a token', () => {
    const { log, lines } = logInto();
    log.info({ fence: { token: 1795377340166, worker: 'w1' } }, 'leads');
    expect(lines[0]).toContain('"token":1795377340166');
  });

  it('takes out API keys and tickets, and leaves the id of a key', () => {
    const key = createApiKey();
    const ticket = createTicket().text;
    const { log, lines } = logInto();
    log.info({ apiKey: key.text, headers: { 'x-api-key': key.text }, ticket }, 'fields');
    log.info(`somebody came with ${key.text} to /live/ws?ticket=${ticket} and ${ticket}`);
    const text = lines.join('');
    expect(text).not.toContain(key.text.slice(-40));
    expect(text).not.toContain(ticket.slice(-40));
    expect(text).toContain(`cgk_${key.id}_[redacted]`);
  });

  it('takes user and password out of URLs and keeps the rest', () => {
    const { log, lines } = logInto();
    log.warn('cannot reach redis://app:hunter2@redis.example:6379/0');
    expect(lines[0]).not.toContain('hunter2');
    expect(lines[0]).toContain('@redis.example:6379/0');
  });
});
