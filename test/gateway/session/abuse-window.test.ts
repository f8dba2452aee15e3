import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  ABUSE_LIMIT,
  ABUSE_WINDOW_MS,
  AbuseWindow,
} from '../../../src/gateway/session/abuse-window.ts';

it('says too many exactly when more than the limit lie within the window', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 1_500 }), { maxLength: 120 }), (pauses) => {
      const window = new AbuseWindow();
      const times: number[] = [];
      let now = 1_745_000_000_000;
      for (const pause of pauses) {
        now += pause;
        times.push(now);
        const within = times.filter((time) => now - time < ABUSE_WINDOW_MS).length;
        expect(window.record(now)).toBe(within > ABUSE_LIMIT);
      }
    }),
  );
});
