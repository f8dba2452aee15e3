import { describe, expect, it } from 'vitest';
import { Subscriptions } from '../../../src/ingest/bybit/subscriptions.ts';
import type { AckFrame } from '../../../src/ingest/bybit/frames.ts';

function ack(requestId: string, success = true, message = ''): AckFrame {
  return { kind: 'ack', success, message, requestId };
}

describe('subscriptions', () => {
  it('are asked for in batches', () => {
    const topics = ['a', 'b', 'c', 'd', 'e'];
    const subscriptions = new Subscriptions(topics, 2);
    const requests = subscriptions.begin();
    expect(requests.map((request) => request.topics)).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
    expect(new Set(requests.map(({ requestId }) => requestId)).size).toBe(3);
    for (const { requestId } of requests) subscriptions.onAck(ack(requestId));
    expect([...subscriptions.confirmed]).toEqual(topics);
    expect(subscriptions.isWaiting).toBe(false);
  });

  it('of a failed batch are asked for one by one, so that one bad topic harms no other', () => {
    const subscriptions = new Subscriptions(['a', 'bad', 'c'], 10);
    const [batch] = subscriptions.begin();
    const singles = subscriptions.onAck(
      ack(batch?.requestId ?? '', false, 'error:handler not found,topic:bad'),
    ).requests;
    expect(singles.map(({ topics }) => topics)).toEqual([['a'], ['bad'], ['c']]);
    const [a, bad, c] = singles.map(({ requestId }) => requestId);
    expect(subscriptions.onAck(ack(a ?? '')).confirmed).toEqual(['a']);
    expect(
      subscriptions.onAck(ack(bad ?? '', false, 'error:handler not found,topic:bad')).refused,
    ).toEqual(['bad']);
    expect(
      subscriptions.onAck(ack(c ?? '', false, 'error:already subscribed,topic:c')).confirmed,
    ).toEqual(['c']);
    expect(subscriptions.isWaiting).toBe(false);
    expect(subscriptions.retryRefused().map(({ topics }) => topics)).toEqual([['bad']]);
    expect(subscriptions.isWaiting).toBe(true);
  });

  it('are known by their data when the answer is lost', () => {
    const subscriptions = new Subscriptions(['a', 'b'], 10);
    const [batch] = subscriptions.begin();
    expect(subscriptions.onData('a')).toBe(true);
    expect(subscriptions.onData('a')).toBe(false);
    expect(subscriptions.onData('other')).toBe(false);
    expect(subscriptions.isWaiting).toBe(true);
    expect(subscriptions.onData('b')).toBe(true);
    expect(subscriptions.isWaiting).toBe(false);
    expect(subscriptions.onAck(ack(batch?.requestId ?? '')).confirmed).toEqual([]);
  });

  it('are not changed by an answer to nothing', () => {
    const subscriptions = new Subscriptions(['a'], 10);
    subscriptions.begin();
    expect(subscriptions.onAck(ack('99', false))).toEqual({
      confirmed: [],
      refused: [],
      requests: [],
    });
    expect(subscriptions.isWaiting).toBe(true);
  });
});
