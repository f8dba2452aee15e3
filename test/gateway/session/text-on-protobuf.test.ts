import { beforeEach, describe, expect, it } from 'vitest';
import { PROTOBUF_PROTOCOL } from '../../../src/gateway/codec/protobuf.ts';
import { MemoryChannel } from './support/memory-channel.ts';
import { BTC } from './support/two-channels.ts';
import { speak, World, type TestClient } from './support/world.ts';

speak(PROTOBUF_PROTOCOL);

describe('text messages on a connection that speaks protocol buffers', () => {
  let client: TestClient;
  const send = (message: object) => client.sendText(JSON.stringify(message));

  beforeEach(() => {
    const btc = new MemoryChannel(BTC, 300);
    btc.seed(300);
    const world = new World(
      [btc],
      { maxMessageBytes: 4096 },
      { limits: { messagesPerSecond: 10 } },
    );
    client = world.connect();
    client.read();
  });

  it('are answered in binary, as those in binary are', () => {
    send({ type: 'subscribe', id: 's', channels: [BTC], snapshot: 3 });
    client.send({ type: 'ping', id: 'p' });
    expect(client.read()).toMatchObject([
      { type: 'subscribed', id: 's', channels: [{ channel: BTC }] },
      { type: 'snapshot', channel: BTC },
      { type: 'pong', id: 'p' },
    ]);
  });

  it.each([
    ['invalid_json', '{"type":'],
    ['unknown_type', '{"type":"shout","id":"i"}'],
    ['invalid_message', '{"type":"ping","loud":true}'],
    ['message_too_big', `{"type":"ping","id":"${'x'.repeat(4096)}"}`],
  ])('earn %s, which counts as abuse', (code, text) => {
    client.sendText(text);
    expect(client.read()).toMatchObject([{ type: 'error', code }]);
    for (let count = 0; count < 19; count += 1) client.sendText(text);
    expect(client.socket.closedWith).toBeNull();
    client.sendText(text);
    expect(client.socket.closedWith).toEqual({ code: 4400, reason: 'too_many_errors' });
  });

  it('cost budget, together with those in binary, and a subscribe by its channels', () => {
    for (let count = 0; count < 25; count += 1) client.send({ type: 'ping' });
    send({ type: 'subscribe', channels: Array.from({ length: 101 }, () => BTC), snapshot: 0 });
    for (let count = 0; count < 10; count += 1) send({ type: 'ping' });
    const answers = client.read();
    // 40 at once: 25, then one that costs eleven, then four.
    expect(answers.filter(({ type }) => type === 'pong')).toHaveLength(25 + 4);
    expect(answers.filter(({ type }) => type === 'error')).toMatchObject(
      Array.from({ length: 6 }, () => ({ code: 'rate_limited' })),
    );
  });
});
