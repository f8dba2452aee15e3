import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeartbeatWheel, type WheelMember } from '../../../src/gateway/session/heartbeat-wheel.ts';

class Member implements WheelMember {
  readonly seat = { slot: 0, index: -1 };
  readonly visits: number[] = [];
  readonly checks: number[] = [];

  visit(now: number): void {
    this.visits.push(now);
  }

  checkPong(now: number): void {
    this.checks.push(now);
  }
}

describe('HeartbeatWheel', () => {
  it('visits every member once a revolution, and checks its pong a timeout later', () => {
    const wheel = new HeartbeatWheel<Member>({ revolutionMs: 10_000, pongTimeoutMs: 2_000 });
    const members = Array.from({ length: 250 }, () => new Member());
    for (const member of members) wheel.add(member);
    for (let now = 0; now <= 30_000; now += wheel.tickMs) wheel.advance(now);
    for (const { visits, checks } of members) {
      expect(visits).toHaveLength(3);
      expect((visits[1] ?? 0) - (visits[0] ?? 0)).toBe(10_000);
      const check = checks.find((time) => time > (visits[0] ?? 0)) ?? 0;
      expect(check - (visits[0] ?? 0)).toBeGreaterThan(2_000);
      expect(check - (visits[0] ?? 0)).toBeLessThanOrEqual(2_300);
    }
  });

  it('catches up after a standstill, but only in the call after the next reads', () => {
    const wheel = new HeartbeatWheel<Member>({ revolutionMs: 1_000, pongTimeoutMs: 200 });
    const member = new Member();
    wheel.add(member);
    wheel.advance(0);
    wheel.advance(60_000);
    expect(member.visits).toEqual([]);
    wheel.advance(60_100);
    expect(member.visits).toEqual([60_100]);
    wheel.advance(61_100);
    expect(member.visits).toHaveLength(2);
  });

  it('begins anew when the clock is set back', () => {
    const wheel = new HeartbeatWheel<Member>({ revolutionMs: 1_000, pongTimeoutMs: 200 });
    const member = new Member();
    wheel.add(member);
    wheel.advance(1_000_000);
    wheel.advance(500_000);
    expect(member.visits).toEqual([]);
    for (let now = 500_100; now <= 501_000; now += 100) wheel.advance(now);
    expect(member.visits).toHaveLength(1);
  });

  it('knows exactly who is in it, whoever comes and goes, also during a visit', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(40)), { maxLength: 200 }), (steps) => {
        const wheel = new HeartbeatWheel<Member>({ revolutionMs: 100, pongTimeoutMs: 20 });
        const present: Member[] = [];
        for (const [adds, which] of steps) {
          if (adds) {
            const member = new Member();
            if (which % 5 === 0) {
              member.visit = () => {
                wheel.remove(member);
                present.splice(present.indexOf(member), 1);
              };
            }
            present.push(member);
            wheel.add(member);
          } else {
            const [member] = present.splice(which % Math.max(1, present.length), 1);
            if (member !== undefined) {
              wheel.remove(member);
              wheel.remove(member);
            }
          }
        }
        expect(new Set(wheel.members())).toEqual(new Set(present));
        for (let now = 0; now <= 100; now += 10) wheel.advance(now);
        expect(wheel.size).toBe(present.length);
        for (const member of present) expect(member.visits).toHaveLength(1);
      }),
    );
  });
});
