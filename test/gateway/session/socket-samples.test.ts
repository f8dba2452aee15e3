import { describe, expect, it } from 'vitest';
import type { ChannelName } from '../../../src/candle/channel.ts';
import {
  SocketSamples,
  type Sample,
  type SampledSocket,
} from '../../../src/gateway/session/socket-samples.ts';

const CHANNEL: ChannelName = 'candles:BTCUSDT:1';

class FakeSocket implements SampledSocket {
  sample: Sample | null = null;
  buffered = 0;
  asked = 0;
  bufferedBytes(): number {
    this.asked += 1;
    return this.buffered;
  }
  isLive(channel: ChannelName): boolean {
    return channel === CHANNEL;
  }
}

function sampleOf({ sample }: FakeSocket): Sample {
  if (sample === null) throw new Error('the socket is not watched');
  return sample;
}

function world(share = 1) {
  const time = { now: 0 };
  const tasks: (() => void)[] = [];
  const observed: number[] = [];
  let seed = 1;
  const samples = new SocketSamples({
    clock: { now: () => time.now },
    defer: (task) => tasks.push(task),
    share,
    random: () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647,
    observe: (ms) => observed.push(ms),
  });
  const endTurn = () => tasks.splice(0).forEach((task) => task());
  return { samples, time, observed, endTurn };
}

describe('SocketSamples', () => {
  it('measures from the hand-over until the buffer is first empty', () => {
    const { samples, time, observed, endTurn } = world();
    const [quick, slow] = [new FakeSocket(), new FakeSocket()];
    for (const socket of [quick, slow]) samples.offer(socket, 2);
    slow.buffered = 500;
    samples.handedOver(CHANNEL, 10);
    samples.handedOver('candles:ETHUSDT:1', 10);
    time.now = 12;
    endTurn();
    expect(observed).toEqual([2]);
    time.now = 300;
    slow.buffered = 100;
    samples.drained(sampleOf(slow));
    expect(observed).toEqual([2]);
    samples.handedOver(CHANNEL, 300);
    endTurn();
    time.now = 400;
    slow.buffered = 0;
    samples.drained(sampleOf(slow));
    expect(observed).toEqual([2, 0, 390, 100]);
  });

  it('does not leave out a socket that closes before it has written', () => {
    const { samples, time, observed, endTurn } = world();
    const socket = new FakeSocket();
    samples.offer(socket, 1);
    socket.buffered = 1;
    samples.handedOver(CHANNEL, 0);
    endTurn();
    time.now = 5_000;
    samples.remove(socket);
    expect(observed).toEqual([5_000]);
    expect(socket.sample).toBeNull();
  });

  it('watches a share of the messages', () => {
    const { samples, observed, endTurn } = world(0.25);
    samples.offer(new FakeSocket(), 1);
    for (let message = 0; message < 1_000; message += 1) {
      samples.handedOver(CHANNEL, 0);
      endTurn();
    }
    expect(observed.length).toBeGreaterThan(200);
    expect(observed.length).toBeLessThan(300);
  });

  it('costs the same for ten thousand sockets as for ten, and gives each its turn', () => {
    const { samples, endTurn } = world();
    const sockets = Array.from({ length: 10_000 }, () => new FakeSocket());
    for (const socket of sockets) samples.offer(socket, sockets.length);
    samples.handedOver(CHANNEL, 0);
    endTurn();
    expect(sockets.filter(({ asked }) => asked > 0)).toHaveLength(8);
    for (let round = 0; round < 50; round += 1) {
      for (const socket of sockets) samples.offer(socket, sockets.length);
      samples.handedOver(CHANNEL, 0);
      endTurn();
    }
    expect(sockets.filter(({ asked }) => asked > 0).length).toBeGreaterThan(100);
    expect(sockets.filter(({ sample }) => sample !== null)).toHaveLength(8);
  });
});
