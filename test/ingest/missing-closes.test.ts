import { beforeEach, describe, expect, it } from 'vitest';
import type { PublishResult } from '../../src/bus/bus.ts';
import { minute } from './candles.ts';
import {
  at,
  close,
  feed,
  fetch,
  head,
  lead,
  publishAll,
  renewFeed,
  SETTINGS,
  settle,
  summary,
  takePublish,
  update,
} from './one-feed.ts';

beforeEach(renewFeed);

describe('a missing close', () => {
  it('holds later closes and lets updates pass until it is fetched', () => {
    lead(4);
    close(6);
    update(7, 1);
    const action = takePublish();
    expect(summary(action)).toEqual([['update', 7]]);
    settle(action, [{ status: 'published', head: head(4) }]);
    expect(feed.held).toBe(1);
    expect(fetch(at(7, 1_500), [5, 6, 7])).toMatchObject({ from: 5, to: 5, added: 1 });
    expect(summary(feed.take(0))).toEqual([
      ['close', 5, 4, true],
      ['close', 6, 5, false],
    ]);
    expect(feed.held).toBe(0);
  });

  it('may arrive late by itself', () => {
    lead(4);
    close(6);
    close(5);
    expect(summary(feed.take(0))).toEqual([
      ['close', 5, 4, false],
      ['close', 6, 5, false],
    ]);
  });

  it('is fetched when its confirmation never comes, after a grace', () => {
    lead(4);
    fetch(at(5, 30_000), [-5, -4, -3, -2, -1, 0, 1, 2, 3, 4]);
    update(5, 59);
    publishAll();
    expect(feed.wanted(at(6, 4_900), at(6, 4_900))).toBeNull();
    expect(fetch(at(6, 5_100), [5, 6])).toMatchObject({ from: 5, to: 5, added: 1 });
    expect(summary(feed.take(0))).toEqual([['close', 5, 4, true]]);
  });

  it('is not closed by an answer that came less than two seconds after its end', () => {
    lead(4);
    close(6);
    expect(fetch(at(7, 1_000), [5], at(6, 1_999))).toMatchObject({ added: 0 });
    expect(feed.take(0)).toBeNull();
    expect(feed.wanted(at(7, 1_100), at(7, 1_100))).toBeNull();
    expect(fetch(at(7, 2_000), [5], at(6, 2_000))).toMatchObject({ added: 1 });
  });

  it('that does not exist is stepped over once two answers agree: the next one names the last that does', () => {
    lead(4);
    close(8);
    expect(fetch(at(9), [5, 8])).toMatchObject({ from: 5, to: 7, added: 1 });
    publishAll();
    expect(feed.held).toBe(1);
    expect(fetch(at(9, 2_999), [8])).toMatchObject({ from: 6, to: 8 });
    expect(feed.take(0)).toBeNull();
    expect(fetch(at(9, 3_000), [8])).toMatchObject({ from: 6, to: 8 });
    expect(summary(feed.take(0))).toEqual([['close', 8, 5, false]]);
    expect(feed.takeLosses()).toEqual([]);
  });

  it('is not taken not to exist by an answer that was asked for early and came late', () => {
    lead(4);
    close(6);
    expect(fetch(at(8), [6])).toMatchObject({ from: 5 });
    const range = feed.wanted(at(8, 1_000), at(8, 1_000));
    if (range === null) throw new Error('5 is not asked for again');
    const answer = { rows: [minute(6)], time: at(8, 1_000), receivedAt: at(8, 5_000) };
    feed.onRows(range, answer, at(8, 5_000));
    expect(feed.take(0)).toBeNull();
    expect(fetch(at(8, 10_000), [5, 6])).toMatchObject({ added: 1 });
    expect(feed.takeLosses()).toEqual([]);
  });

  it('is not taken not to exist while no later row stands in an answer', () => {
    lead(4);
    close(6);
    for (let ms = 0; ms < 20_000; ms += 500) fetch(at(8, ms), []);
    expect(feed.take(0)).toBeNull();
    expect(fetch(at(8, 50_000), [5, 6])).toMatchObject({ added: 1 });
    expect(summary(feed.take(0))).toEqual([
      ['close', 5, 4, true],
      ['close', 6, 5, false],
    ]);
  });

  it('is not taken not to exist, whatever is answered, when an update of it was heard', () => {
    lead(4);
    update(6, 1);
    expect(update(5, 30)).toBe('stale');
    close(6);
    for (let ms = 0; ms < 20_000; ms += 500) fetch(at(8, ms), [6, 7]);
    expect(feed.held).toBe(1);
    fetch(at(8, 50_000), [5, 6]);
    publishAll();
    expect(feed.held).toBe(0);
    expect(feed.takeLosses()).toEqual([]);
  });

  it.each([
    ['said not to exist', 'late'],
    ['given up', 'given_up'],
  ])('that was %s and comes while a later one is under way is told as lost, once', (_, reason) => {
    lead(4);
    close(6);
    if (reason === 'late') {
      fetch(at(7, 5_000), [6]);
      fetch(at(7, 9_000), [6]);
    } else {
      feed.wanted(at(7), null);
      feed.wanted(at(8), null);
    }
    const action = takePublish();
    if (reason === 'late') expect(close(5)).toBe('close');
    else {
      // An answer that was long under way.
      const range = { from: at(5), to: at(5) };
      feed.onRows(range, { rows: [minute(5)], time: at(8), receivedAt: at(8) }, at(8));
    }
    settle(action, [{ status: 'published', head: head(6) }]);
    expect(feed.takeLosses()).toEqual([{ reason, from: at(5), to: at(5), count: 1 }]);
    close(7);
    publishAll();
    expect(feed.takeLosses()).toEqual([]);
  });

  it('is not told as lost when a store that forgot the fence took it of a predecessor', () => {
    lead(4);
    feed.onHead(head(8, { epoch: 'e2' }));
    expect(feed.takeLosses()).toEqual([]);
    feed.onHead(head(10, { epoch: 'e2' }));
    expect(feed.takeLosses()).toMatchObject([{ from: at(9), to: at(9) }]);
  });

  it('is not told as lost for having been handed over with one that goes out without its predecessor', () => {
    lead(4);
    close(5);
    close(7);
    for (let ms = 0; ms <= SETTINGS.giveUpMs; ms += SETTINGS.giveUpMs) feed.wanted(at(8, ms), null);
    const action = takePublish();
    expect(summary(action)).toEqual([
      ['close', 5, 4, false],
      ['close', 7, null, false],
    ]);
    const answers = [5, 7].map((n): PublishResult => ({ status: 'published', head: head(n) }));
    settle(action, answers);
    expect(feed.takeLosses()).toEqual([{ reason: 'given_up', from: at(6), to: at(6), count: 1 }]);
  });

  it('that was said not to exist and comes after later ones went out is told as lost, once', () => {
    lead(4);
    close(6);
    fetch(at(7, 5_000), [6]);
    fetch(at(7, 6_000), [6]);
    fetch(at(7, 9_000), [6]);
    publishAll();
    expect(feed.head?.lastClosed).toBe(at(6));
    expect(close(5)).toBe('late');
    expect(close(5)).toBe('duplicate');
    const loss = { reason: 'late', from: at(5), to: at(5), count: 1 };
    expect(feed.takeLosses()).toEqual([loss]);
    expect(feed.takeLosses()).toEqual([]);
  });

  it('that was said not to exist is published when it comes before later ones went out', () => {
    lead(4);
    update(6, 1);
    for (const ms of [5_000, 6_000, 9_000]) fetch(at(6, ms), [6]);
    expect(close(5)).toBe('close');
    publishAll();
    close(6);
    expect(summary(feed.take(0))).toEqual([['close', 6, 5, false]]);
    expect(feed.takeLosses()).toEqual([]);
  });

  it('is asked for again, at longer and longer intervals, while it cannot be had', () => {
    lead(4);
    close(6);
    const asked: number[] = [];
    for (let ms = 0; ms < 20_000; ms += 100) {
      if (feed.wanted(at(7, ms), at(7, ms)) === null) continue;
      asked.push(ms);
      feed.onFetchFailed(at(7, ms));
    }
    expect(asked).toEqual([0, 500, 1_500, 3_500, 7_500, 15_500]);
  });

  it('is given up in the end when later ones wait for it, and these then know no predecessor', () => {
    lead(4);
    close(6);
    for (let ms = 0; ms <= 60_000; ms += 1_000) {
      if (feed.wanted(at(7, ms), at(7)) !== null) feed.onFetchFailed(at(7, ms));
    }
    expect(feed.takeLosses()).toEqual([]);
    const action = takePublish(at(8));
    expect(summary(action)).toEqual([['close', 6, null, false]]);
    settle(action, [{ status: 'published', head: head(6) }]);
    const loss = { reason: 'given_up', from: at(5), to: at(5), count: 1 };
    expect(feed.takeLosses()).toEqual([loss]);
  });

  it('that history no longer reaches is given up at once', () => {
    lead(-30);
    close(6);
    const range = fetch(at(7, 2_000), [-3, -2, -1, 0, 1, 2, 3, 4, 5]);
    expect(range).toMatchObject({ from: -3, to: 5 });
    expect(summary(feed.take(0))?.slice(0, 2)).toEqual([
      ['close', -3, null, true],
      ['close', -2, -3, true],
    ]);
  });
});
