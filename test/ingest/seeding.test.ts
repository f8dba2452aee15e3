import { beforeEach, describe, expect, it } from 'vitest';
import { startOfMinute } from './candles.ts';
import {
  at,
  close,
  feed,
  fetch,
  head,
  lead,
  publishAll,
  renewFeed,
  summary,
  update,
} from './one-feed.ts';

beforeEach(renewFeed);

describe('an empty store', () => {
  it('is seeded with history as far back as it is kept', () => {
    lead(null);
    update(20, 30);
    expect(summary(feed.take(0))).toEqual([['update', 20]]);
    expect(fetch(at(20, 30_000), [9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20])).toMatchObject({
      from: 10,
      to: 19,
      added: 10,
    });
    publishAll();
    feed.wanted(at(20, 30_000), at(20, 30_000));
    feed.unlead();
    lead(null);
    feed.wanted(at(20, 30_000), at(20, 30_000));
    const seed = feed.take(0);
    expect(seed?.kind === 'seed' && seed.closed.map(({ start }) => start)).toEqual(
      [10, 11, 12, 13, 14, 15, 16, 17, 18, 19].map(startOfMinute),
    );
    expect(seed?.kind === 'seed' && seed.closed.every(({ confirm }) => confirm)).toBe(true);
  });

  it('is seeded with the closes known from the stream when history does not come in time', () => {
    lead(null, 1_000);
    close(5);
    close(6);
    expect(feed.take(10_999)).toBeNull();
    const seed = feed.take(11_000);
    expect(seed?.kind === 'seed' && seed.closed.map(({ start }) => start)).toEqual(
      [5, 6].map(startOfMinute),
    );
  });

  it('is seeded up to a hole that clients were promised, not beyond it', () => {
    lead(4);
    close(5);
    publishAll();
    close(7);
    close(8);
    const held = feed.held;
    feed.unlead();
    lead(null);
    const seed = feed.take(10_000);
    expect(held).toBe(2);
    expect(seed?.kind === 'seed' && seed.closed.map(({ start }) => start)).toEqual([
      startOfMinute(5),
    ]);
  });

  it('waits for what was missed while another led', () => {
    lead(4);
    fetch(at(5, 30_000), [-5, -4, -3, -2, -1, 0, 1, 2, 3, 4]);
    expect(feed.wanted(at(5, 30_000), at(5, 30_000))).toBeNull();
    feed.unlead();
    close(7);
    lead(null, at(8));
    expect(feed.take(at(8))).toBeNull();
    expect(fetch(at(8), [5, 6])).toMatchObject({ from: 5, to: 6, added: 2 });
    feed.wanted(at(8), at(8));
    const seed = feed.take(at(8));
    expect(seed?.kind === 'seed' && seed.closed.length).toBe(10);
  });

  it('is seeded up to a hole behind fetched history, and gets what is behind it once it is filled', () => {
    lead(null);
    update(20, 30);
    fetch(at(20, 30_000), [10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
    expect(feed.wanted(at(20, 30_000), at(20, 30_000))).toBeNull();
    // The confirmation of 20 is lost.
    close(21);
    const seed = feed.take(at(22, 300));
    if (seed?.kind !== 'seed') throw new Error('expected a seed');
    const starts = [12, 13, 14, 15, 16, 17, 18, 19].map(startOfMinute);
    expect(seed.closed.map(({ start }) => start)).toEqual(expect.arrayContaining(starts));
    expect(seed.closed.at(-1)?.start).toBe(startOfMinute(19));
    feed.settleSeed(seed, { status: 'seeded', head: head(19) }, at(22, 300));
    expect(feed.held).toBe(1);
    expect(fetch(at(22, 5_000), [20])).toMatchObject({ from: 20, to: 20, added: 1 });
    expect(summary(feed.take(at(22, 5_000)))).toEqual([
      ['close', 20, 19, true],
      ['close', 21, 20, false],
    ]);
  });

  it('that another has filled meanwhile gets what it lacks', () => {
    lead(null);
    close(5);
    close(6);
    const seed = feed.take(10_000);
    if (seed?.kind !== 'seed') throw new Error('expected a seed');
    feed.settleSeed(seed, { status: 'occupied', head: head(5) }, 10_000);
    expect(summary(feed.take(10_000))).toEqual([['close', 6, 5, false]]);
  });
});
