import { describe, expect, it } from 'vitest';
import { CLOSE_CODES, PROBLEM_CODES } from '../../src/candle/codes.ts';
import { mendOf, phaseOf } from '../../src/page/phase.ts';
import { describeStatus } from '../../src/page/status-text.ts';

describe('the state of the connection', () => {
  it('says what has to be mended, for every code that can end it', () => {
    const mends = Object.fromEntries(
      [...Object.keys(PROBLEM_CODES), ...Object.keys(CLOSE_CODES), 'close_4499'].map((code) => [
        code,
        mendOf(code),
      ]),
    );
    expect(mends).toMatchObject({
      invalid_signature: 'token',
      expired_token: 'token',
      token_expired: 'token',
      revoked: 'token',
      forbidden_channel: 'channel',
      unknown_symbol: 'channel',
      disconnected: 'operator',
      too_many_errors: 'page',
      close_4499: 'page',
    });
  });
  it('shows reasons, countdowns and, while stale, whether the feed is cut off', () => {
    const reason = { code: 'token_expired', message: 'closed' };
    const closed = describeStatus(phaseOf({ name: 'closed', reason }), false, 0);
    expect(closed.message).toBe('The token has expired. Enter a valid token and connect again.');
    const resuming = { name: 'resuming', retryAt: 3_400, why: 'close_1006' } as const;
    const status = describeStatus(phaseOf(resuming), false, 1_000);
    expect(status.text).toBe('Resuming in 3 s');
    expect(status.message).toContain('The connection was lost.');
    // A countdown would be read out every second.
    expect(status.announcement).not.toContain('3 s');
    const stale = { name: 'stale', channels: ['candles:BTCUSDT:1'] } as const;
    expect(describeStatus(stale, false, 0).text).toBe('Stale');
    expect(describeStatus(stale, true, 0).text).toBe('Feed down');
  });
});
