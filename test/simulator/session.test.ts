import { beforeEach, describe, expect, test } from 'vitest';
import { createFaults, type FaultPatch, type FaultState } from '../../src/simulator/faults.ts';
import { createSession, type Session, type SessionStep } from '../../src/simulator/session.ts';
import type { Category } from '../../src/simulator/category.ts';

function faultsOf(patch: FaultPatch): FaultState {
  return createFaults({ initial: patch, changed: () => undefined, drop: () => 0 }).state;
}

function open(category: Category): Session {
  return createSession({
    category,
    connectionId: 'c-1',
    isListed: (symbol) => symbol === 'BTCUSDT' || symbol === 'ETHUSDT',
  });
}

function tell(session: Session, message: unknown, faults: FaultPatch = {}): SessionStep {
  const text = typeof message === 'string' ? message : JSON.stringify(message);
  return session.receive(text, faultsOf(faults));
}

const subscribe = (...args: string[]): object => ({ op: 'subscribe', args });

describe('on linear', () => {
  let session: Session;
  beforeEach(() => {
    session = open('linear');
  });

  test.each([
    [
      { op: 'ping', req_id: 12 },
      '{"success":true,"ret_msg":"pong","conn_id":"c-1","req_id":"12","op":"ping"}',
    ],
    [
      subscribe('kline.1.BTCUSDT'),
      '{"success":true,"ret_msg":"","conn_id":"c-1","req_id":"","op":"subscribe"}',
    ],
    [
      { op: 'unsubscribe', req_id: 'x', args: ['kline.1.BTCUSDT'], callerMethodName: 'y' },
      '{"success":true,"ret_msg":"","conn_id":"c-1","req_id":"x","op":"unsubscribe"}',
    ],
    [
      { op: 'dance' },
      '{"success":false,"ret_msg":"error:invalid op","conn_id":"c-1","req_id":"","op":"dance"}',
    ],
    [
      'hello',
      '{"success":false,"ret_msg":"Failed to decode incoming data:hello","conn_id":"c-1","req_id":"","op":""}',
    ],
  ])('%j is answered as the exchange does', (message, reply) => {
    expect(tell(session, message).replies).toEqual([reply]);
  });

  test.each(['kline.1.NOPE', 'kline.7.BTCUSDT', 'kline.1.btcusdt', 'trades.BTCUSDT', 'kline.1'])(
    'one bad topic (%s) fails the whole batch',
    (bad) => {
      const step = tell(session, subscribe('kline.1.BTCUSDT', bad));
      expect(step.subscribed).toEqual([]);
      expect(step.replies[0]).toContain(`"ret_msg":"error:handler not found,topic:${bad}"`);
      expect(tell(session, subscribe('kline.1.BTCUSDT')).subscribed).toHaveLength(1);
    },
  );

  test('a repeated topic is refused and its stream goes on', () => {
    tell(session, subscribe('kline.1.BTCUSDT'));
    const step = tell(session, subscribe('kline.1.BTCUSDT'));
    expect(step.replies[0]).toContain('error:already subscribed,topic:kline.1.BTCUSDT');
    expect(step).toMatchObject({ subscribed: [], unsubscribed: [] });
  });

  test('subscribed and unsubscribed topics are told with symbol and interval', () => {
    const topic = { name: 'kline.D.ETHUSDT', symbol: 'ETHUSDT', interval: 'D' };
    expect(tell(session, subscribe('kline.D.ETHUSDT')).subscribed).toEqual([topic]);
    const step = tell(session, { op: 'unsubscribe', args: ['kline.D.ETHUSDT', 'kline.1.NONE'] });
    expect(step.unsubscribed).toEqual([topic]);
    expect(tell(session, subscribe('kline.D.ETHUSDT')).subscribed).toEqual([topic]);
  });

  test('topics are limited by their characters, and by number where that is switched on', () => {
    const faults = { maxArgsCharacters: 31 };
    expect(tell(session, subscribe('kline.1.BTCUSDT'), faults).subscribed).toHaveLength(1);
    expect(tell(session, subscribe('kline.15.BTCUSDT'), faults).subscribed).toHaveLength(1);
    const step = tell(session, subscribe('kline.5.BTCUSDT'), faults);
    expect(step.replies[0]).toContain('"success":false,"ret_msg":"error:args characters exceed 31');
    expect(tell(session, subscribe('kline.5.BTCUSDT'), { maxTopics: 2 }).subscribed).toEqual([]);
    expect(tell(session, subscribe('kline.5.BTCUSDT'), { maxTopics: 3 }).subscribed).toHaveLength(
      1,
    );
  });

  test('subscriptions can be refused, all or some', () => {
    const all = tell(session, subscribe('kline.1.BTCUSDT'), { refuseSubscriptions: true });
    expect(all.replies[0]).toContain('"success":false');
    const faults = { refuseSubscriptions: ['kline.5.BTCUSDT'] };
    expect(tell(session, subscribe('kline.5.BTCUSDT'), faults).subscribed).toEqual([]);
    expect(tell(session, subscribe('kline.1.BTCUSDT'), faults).subscribed).toHaveLength(1);
  });

  test('pings go unanswered where that is switched on', () => {
    expect(tell(session, { op: 'ping' }, { ignorePings: true }).replies).toEqual([]);
  });
});

describe('on spot', () => {
  let session: Session;
  beforeEach(() => {
    session = open('spot');
  });

  test('acknowledgements say what was done and have no `req_id` unless one was sent', () => {
    expect(tell(session, subscribe('kline.1.BTCUSDT')).replies).toEqual([
      '{"success":true,"ret_msg":"subscribe","conn_id":"c-1","op":"subscribe"}',
    ]);
    expect(tell(session, { op: 'ping', req_id: '7' }).replies).toEqual([
      '{"success":true,"ret_msg":"pong","conn_id":"c-1","req_id":"7","op":"ping"}',
    ]);
  });

  test.each([
    [['kline.1.NOPE'], 'Invalid symbol :[kline.1.NOPE]'],
    [['kline.7.BTCUSDT'], 'Invalid kline type :[kline.7.BTCUSDT]'],
    [Array.from({ length: 11 }, () => 'kline.1.BTCUSDT'), 'args size >10'],
  ])('%j is refused in its own words', (args, message) => {
    expect(tell(session, subscribe(...args)).replies[0]).toContain(`"ret_msg":"${message}"`);
  });

  test('a repeated topic gets no answer and no second stream', () => {
    tell(session, subscribe('kline.1.BTCUSDT'));
    expect(tell(session, subscribe('kline.1.BTCUSDT'))).toEqual({
      replies: [],
      subscribed: [],
      unsubscribed: [],
    });
  });
});

test('inverse lists nothing', () => {
  expect(tell(open('inverse'), subscribe('kline.1.BTCUSDT')).subscribed).toEqual([]);
});
