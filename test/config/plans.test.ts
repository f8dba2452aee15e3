import { expect, it } from 'vitest';
import { planEntries } from '../../src/config/plans.ts';
import { loadConfig } from '../../src/config/load.ts';

const load = (plans: string) =>
  loadConfig('gateway', {
    env: { CANDLEGATE_JWT_SECRET: 'k'.repeat(32), CANDLEGATE_PLANS: plans },
  });

it('plans override what they name', () => {
  const loaded = load(' pro: connections=50, messages=0 ; free:requests=60;');
  if (!loaded.ok) throw new Error('refused');
  expect(loaded.config.limits.plans).toEqual({
    pro: { connectionsPerSubject: 50, messagesPerSecond: 0 },
    free: { requestsPerMinute: 60 },
  });
  expect(planEntries(null).size).toBe(0);
});

it('every mistake in plans is named, in one message', () => {
  const loaded = load(
    'pro:connections=x,speed=9;pro:;a b:subscriptions=0;free;free:requests=1,requests=2',
  );
  if (loaded.ok) throw new Error('accepted');
  const [{ variable, message } = { variable: '', message: '' }] = loaded.mistakes;
  expect(variable).toBe('CANDLEGATE_PLANS');
  for (const part of [
    'in `pro` connections is a whole number from 0',
    'in `pro` limits are connections, subscriptions, messages, requests',
    'in `a b` subscriptions is a whole number from 1',
    'a plan needs a name of letters',
    'in `free` `name:limit=number,…` is expected',
    'in `free` requests is given twice',
  ]) {
    expect(message).toContain(part);
  }
});
