import { describe, expect, it } from 'vitest';
import { CLOSE_CODES, PROBLEM_CODES } from '../../../src/candle/codes.ts';
import { afterClose, afterRefusal } from '../../../src/roles/stream/reconnect-rule.ts';

describe('after a close', () => {
  it('does what PROTOCOL.md says of each code', () => {
    const steps = Object.entries(CLOSE_CODES).map(([name, code]) => {
      const next = afterClose(code, 700);
      return [name, next.step === 'reconnect' ? next.delayMs : next.step];
    });
    expect(Object.fromEntries(steps)).toEqual({
      going_away: 700,
      too_slow: 0,
      history_gap: 0,
      too_many_errors: 'give_up',
      token_expired: 'give_up',
      revoked: 'give_up',
      disconnected: 'give_up',
      rate_limited: null,
    });
  });

  it.each([1006, 1009, 1012])('%i is tried again after a growing delay', (code) => {
    expect(afterClose(code, null)).toMatchObject({ step: 'reconnect', delayMs: null });
  });

  it('waits as for a lost connection when 1001 comes without `going_away`', () => {
    expect(afterClose(1001, null)).toMatchObject({ step: 'reconnect', delayMs: null });
  });
});

describe('after a refusal', () => {
  it('gives up on what the client has to mend, and only on that', () => {
    for (const [code, { status, title }] of Object.entries(PROBLEM_CODES)) {
      const next = afterRefusal(status, JSON.stringify({ status, title, code }));
      expect(next.step, code).toBe(status >= 500 || status === 429 ? 'reconnect' : 'give_up');
      expect(next.reason).toContain(title);
      expect(next.reason).toContain(code);
    }
  });

  it.each(['<html>', '"text"', 'null', ''])(
    'makes do with the status when the body is %j',
    (body) => {
      expect(afterRefusal(403, body)).toEqual({
        step: 'give_up',
        reason: 'The gateway refused the connection: HTTP 403',
      });
    },
  );
});
