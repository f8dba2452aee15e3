import { beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_SESSION_SETTINGS } from '../../../src/gateway/session/session-context.ts';
import type { ServerMessage } from '../../../src/candle/messages.ts';
import { FIRST_START, MemoryChannel, MINUTE_MS } from './support/memory-channel.ts';
import { World, type TestClient } from './support/world.ts';
import { RecordingTracing } from '../../tracing/recording-tracing.ts';

const BTC = 'candles:BTCUSDT:1';
const ETH = 'candles:ETHUSDT:5';
const NARROW = { kernelBytes: 2_000, bufferBytes: 4_000 };

/** `c9` is the close of the tenth start, `o9` an update of it. */
function brief(messages: readonly ServerMessage[]): string[] {
  const name = (candle: { start: number; confirm: boolean }): string =>
    `${candle.confirm ? 'c' : 'o'}${(candle.start - FIRST_START) / MINUTE_MS}`;
  return messages.map((message) => {
    if (message.type === 'candle') return name(message.candle);
    if (message.type !== 'snapshot') return message.type;
    const flags = `${message.replay === true ? '+' : ''}${message.more === true ? '…' : ''}`;
    return `[${message.candles.map(name).join(' ')}]${flags}`;
  });
}

let btc: MemoryChannel;
let eth: MemoryChannel;
let world: World;

function subscriber(bounds = NARROW): TestClient {
  const client = world.connect({ bounds });
  client.send({ type: 'subscribe', channels: [BTC, ETH] });
  client.read();
  world.endTurn();
  return client;
}

/** Updates until the client's buffer is over its bound and something was dropped. */
function flood(client: TestClient): void {
  const topics = client.socket.topics.size;
  for (let turn = 0; turn < 100 && client.socket.topics.size === topics; turn += 1) {
    world.publish(btc, btc.update());
    world.endTurn();
  }
}

beforeEach(() => {
  btc = new MemoryChannel(BTC, 20);
  eth = new MemoryChannel(ETH, 20);
  btc.seed(3);
  eth.seed(3);
  world = new World([btc, eth], { lowWaterBytes: 1_000, maxPartCandles: 2 });
});

it('goes on with a replay also when its buffer empties without a drain', () => {
  btc.seed(12);
  const client = world.connect({ bounds: { kernelBytes: 500, bufferBytes: 4_000 } });
  client.send({ type: 'subscribe', channels: [BTC], snapshot: 12 });
  world.endTurns();
  expect(client.socket.bufferedBytes()).toBeGreaterThan(1_000);
  while (client.socket.unreadItems > 0) client.socket.read(1, true, false);
  expect(client.socket.topics.size).toBe(0);
  world.pass(2 * DEFAULT_SESSION_SETTINGS.pingMs, client);
  expect(client.socket.topics.size).toBe(1);
});

describe('a client whose buffer overflows', () => {
  it('leaves all topics in the next turn, also those on which nothing was dropped', async () => {
    const client = subscriber();
    expect(client.socket.topics.size).toBe(2);
    flood(client);
    expect(client.socket.topics.size).toBe(0);
    expect(await world.metric('candlegate_gateway_lagging_connections')).toEqual([
      'candlegate_gateway_lagging_connections 1',
    ]);
    expect(await world.metric('candlegate_gateway_lag_entries_total')).toContain(
      'candlegate_gateway_lag_entries_total{cause="dropped"} 1',
    );
  });

  it('gets all closes it missed and the newest open state, then the live stream again', async () => {
    const client = subscriber();
    flood(client);
    for (let index = 0; index < 5; index += 1) {
      world.publish(btc, btc.close());
      world.publish(btc, btc.update());
      world.endTurn();
    }
    world.publish(eth, eth.close());
    world.endTurn();
    const missed = brief(client.read()).filter((text) => text.startsWith('['));
    world.endTurns();
    missed.push(...brief(client.read()).filter((text) => text.startsWith('[')));
    // Channels take turns, part by part.
    expect(missed).toEqual(['[c3 c4]+…', '[c3]+', '[c5 c6]+…', '[c7 o8]+']);
    world.publish(btc, btc.update());
    world.endTurn();
    expect(brief(client.read())).toEqual(['o8']);
    expect(await world.metric('candlegate_gateway_lagging_connections')).toEqual([
      'candlegate_gateway_lagging_connections 0',
    ]);
  });

  it('is spared updates of the open candle, and each is counted once it has caught up', async () => {
    const name = 'candlegate_gateway_conflated_updates_total';
    const client = subscriber();
    flood(client);
    for (let update = 0; update < 7; update += 1) {
      world.publish(btc, btc.update());
      world.endTurn();
    }
    expect(await world.metric(name)).toEqual([`${name} 0`]);
    const caughtUp = brief(client.read());
    world.endTurns();
    caughtUp.push(...brief(client.read()));
    // Of seven it gets the newest.
    expect(caughtUp.filter((text) => text.startsWith('['))).toEqual(['[o3]+', '[]+']);
    expect(await world.metric(name)).toEqual([`${name} 6`]);
  });

  it('has its catching up traced, channel by channel, from when it was found slow', () => {
    const tracing = new RecordingTracing();
    world = new World([btc, eth], { lowWaterBytes: 1_000, maxPartCandles: 2 }, { tracing });
    const client = subscriber();
    const before = tracing.spans.length;
    flood(client);
    world.publish(btc, btc.close());
    const spans = tracing.spans.slice(before);
    expect(spans.map((span) => [span.name, span.parentName])).toEqual([
      [`replay ${BTC}`, null],
      [`replay ${ETH}`, null],
    ]);
    expect(spans.map((span) => span.hasEnded)).toEqual([false, false]);
    client.read();
    world.endTurns();
    expect(spans.map((span) => [span.hasEnded, span.failure])).toEqual([
      [true, null],
      [true, null],
    ]);
    expect(spans[0]?.attributes).toEqual({
      'candlegate.replay.kind': 'catch_up',
      'candlegate.replay.candles': 1,
    });
  });

  it('leaves a failed trace when it goes before it has caught up', () => {
    const tracing = new RecordingTracing();
    world = new World([btc, eth], { lowWaterBytes: 1_000, maxPartCandles: 2 }, { tracing });
    const client = subscriber();
    const before = tracing.spans.length;
    flood(client);
    client.socket.events?.closed(1006);
    const spans = tracing.spans.slice(before);
    expect(spans.map((span) => span.failure)).toEqual(['closed', 'closed']);
  });

  it('does not get a later close before the one that was dropped, though its buffer drains at once', () => {
    const client = subscriber();
    flood(client);
    client.read();
    world.endTurns();
    client.read();
    // Fills the buffer to its bound, so that c3 is the first to be dropped.
    for (let update = 0; update < 100; update += 1) {
      if (client.socket.bufferedBytes() > NARROW.bufferBytes) break;
      world.publish(btc, btc.update());
      world.broadcaster.flush();
    }
    world.publish(btc, btc.close());
    world.broadcaster.flush();
    world.publish(btc, btc.close());
    const closes = brief([...client.read(), ...client.read()]);
    world.endTurns();
    closes.push(...brief(client.read()));
    const order = closes.join(' ').match(/c\d+/g);
    expect(order?.filter((text, index) => order.indexOf(text) === index)).toEqual(['c3', 'c4']);
  });

  it('gets no heartbeat that runs ahead of what it was sent', () => {
    world = new World([btc, eth], { lowWaterBytes: 1_000, heartbeatMs: 1_000 });
    const client = subscriber();
    flood(client);
    world.publish(btc, btc.close());
    world.pass(1_500);
    const messages = brief([...client.read(), ...client.read()]);
    expect(messages.indexOf('heartbeat')).toBeGreaterThan(messages.indexOf('[c3]+'));
  });

  it('is closed with 4000 when it reads nothing at all for 30 seconds', async () => {
    const client = subscriber();
    flood(client);
    world.pass(29_000);
    expect(client.socket.closedWith).toBeNull();
    world.pass(15_000);
    expect(client.socket.closedWith).toEqual({ code: 4000, reason: 'too_slow' });
    expect(await world.metric('candlegate_gateway_too_slow_total')).toContain(
      'candlegate_gateway_too_slow_total{cause="stalled"} 1',
    );
  });

  it('is closed with 4000 when history no longer holds what it is owed', async () => {
    const client = subscriber();
    flood(client);
    for (let index = 0; index < 25; index += 1) world.publish(btc, btc.close());
    world.pass(11_000);
    expect(client.socket.closedWith?.code).toBe(4000);
    expect(await world.metric('candlegate_gateway_too_slow_total')).toContain(
      'candlegate_gateway_too_slow_total{cause="behind_history"} 1',
    );
  });

  it('is closed with 4000 when it asks for something and cannot take the answer', () => {
    const client = subscriber();
    flood(client);
    client.send({ type: 'ping' });
    expect(client.socket.closedWith?.code).toBe(4000);
  });

  it('does not disturb others', () => {
    const slow = subscriber();
    const quick = subscriber({ kernelBytes: 1e9, bufferBytes: 65_536 });
    flood(slow);
    for (let index = 3; index < 8; index += 1) {
      world.publish(btc, btc.close());
      world.endTurn();
    }
    const closes = brief(quick.read()).filter((text) => text.startsWith('c'));
    expect(closes).toEqual(['c3', 'c4', 'c5', 'c6', 'c7']);
    expect(quick.socket.topics.size).toBe(2);
  });
});

describe('pings', () => {
  it('go out every ten seconds; a pong gives the round trip, half of which is the client hop', async () => {
    const client = world.connect();
    world.pass(10_000, client);
    expect(world.hops).toEqual([{ hop: 'client', ms: 0 }]);
    world.pass(100);
    world.now += 40;
    client.read();
    expect(world.hops).toEqual([
      { hop: 'client', ms: 0 },
      { hop: 'client', ms: 20 },
    ]);
    expect(await world.metric('candlegate_gateway_ping_rtt_seconds')).toContain(
      'candlegate_gateway_ping_rtt_seconds_count 2',
    );
  });

  it('take a socket off the fast path while unanswered for two seconds, and bring it back', () => {
    const client = world.connect();
    client.send({ type: 'subscribe', channels: [BTC] });
    client.read();
    world.pass(2_000);
    expect(client.socket.topics.size).toBe(1);
    world.pass(500);
    expect(client.socket.topics.size).toBe(0);
    // Meanwhile nothing is written, however empty the buffer.
    world.publish(btc, btc.close());
    world.publish(btc, btc.update());
    world.endTurns();
    expect(client.socket.bufferedBytes()).toBe(0);
    expect(brief(client.read())).toEqual(['[c3 o4]+']);
    expect(client.socket.topics.size).toBe(1);
  });

  it('hold back the snapshot of a new subscription while one is late', () => {
    const client = world.connect();
    world.pass(2_500);
    client.send({ type: 'subscribe', channels: [BTC] });
    expect(client.socket.read(1_000, false)).toHaveLength(2);
    client.socket.events?.drained();
    expect(client.socket.unreadItems).toBe(0);
  });

  it('are repeated when one got lost, so that the socket comes back all the same', () => {
    const client = world.connect();
    client.send({ type: 'subscribe', channels: [BTC] });
    world.pass(2_500);
    client.socket.read(1_000, false);
    expect(client.socket.topics.size).toBe(0);
    world.pass(10_000, client);
    expect(client.socket.topics.size).toBe(1);
  });

  it('end a connection that never answers them', () => {
    const client = world.connect();
    for (let second = 0; second < 60; second += 1) {
      client.socket.read(1000, false);
      world.pass(1_000);
    }
    expect(client.socket.closedWith?.code).toBe(4000);
  });

  it('ignore pongs that nobody asked for', () => {
    const client = world.connect();
    client.socket.events?.pong('');
    client.socket.events?.pong('12345');
    client.socket.events?.pong('nonsense');
    expect(world.hops).toEqual([]);
  });
});

describe('heartbeats', () => {
  it('come every heartbeatMs with the state of all channels', () => {
    const client = subscriber({ kernelBytes: 1e9, bufferBytes: 65_536 });
    eth.state = 'stale';
    const times: number[] = [];
    for (let step = 0; step < 1_000; step += 1) {
      world.pass(100);
      for (const heartbeat of client.readOnly('heartbeat')) {
        times.push(heartbeat.time);
        expect(heartbeat.channels).toEqual([btc.head(), eth.head()]);
      }
    }
    expect(times).toHaveLength(3);
    expect(times.slice(1).map((time, index) => time - (times[index] ?? 0))).toEqual([
      30_000, 30_000,
    ]);
  });

  it('do not run ahead of a resume that waited for the first history', () => {
    // One of ten heartbeats is due in the very tick that finds the history.
    for (let waitMs = 1_000; waitMs < 2_000; waitMs += 100) {
      const empty = new MemoryChannel(BTC);
      world = new World([empty], { heartbeatMs: 1_000 });
      const client = world.connect();
      client.send({ type: 'subscribe', channels: [BTC], since: { [BTC]: FIRST_START } });
      world.pass(waitMs, client);
      empty.seed(3);
      world.pass(1_000);
      expect(client.read().map(({ type }) => type)).toEqual(['snapshot', 'heartbeat']);
    }
  });

  it('are not written to all sockets in one tick', () => {
    const clients = Array.from({ length: 300 }, () => world.connect());
    world.pass(29_000, ...clients);
    let most = 0;
    for (let step = 0; step < 100; step += 1) {
      world.pass(100);
      const count = clients.filter((client) => client.readOnly('heartbeat').length > 0).length;
      most = Math.max(most, count);
    }
    expect(most).toBeLessThanOrEqual(3);
    expect(most).toBeGreaterThan(0);
  });
});
