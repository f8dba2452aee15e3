import { WebSocket } from 'ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DOCUMENTS } from '../../scripts/api-docs/documents.ts';
import { CLOSE_CODES } from '../../src/candle/codes.ts';
import { serverMessageSchema } from '../../src/candle/messages.ts';
import { mintToken } from '../../src/gateway/auth/mint.ts';
import { buildCli } from '../support/built-cli.ts';
import { eventually } from '../support/eventually.ts';
import { TEST_SECRET } from '../support/role-process.ts';
import { BTC, startOwnGateway } from './own-gateway.ts';
import { judgesOf } from './validators.ts';

type Message = Record<string, unknown> & { readonly type: string };

const TOKEN_LIFE_MS = 3_000;
const TIMEOUT_MS = 8_000;
const judge = judgesOf(DOCUMENTS.asyncapi, true);
const channels = DOCUMENTS.asyncapi['channels'] as Record<
  string,
  { readonly 'x-close-codes': readonly { readonly code: number }[] }
>;

/** Everything that has come, on all connections. */
const received: Message[] = [];
const closes: number[] = [];

describe('the messages of a gateway are those of the AsyncAPI document', () => {
  let own: Awaited<ReturnType<typeof startOwnGateway>>;

  beforeAll(async () => {
    await buildCli();
    own = await startOwnGateway('simulator');
  });

  function tokenOf(subject: string, ttlMs = 3_600_000, more: { channels?: string[] } = {}) {
    return mintToken({ secret: TEST_SECRET, subject, ttlMs, now: Date.now(), ...more });
  }

  /** A connection whose messages are held against the document as they come. */
  async function open(path: string, token: string) {
    const socket = new WebSocket(`ws://${own.authority}${path}`, {
      headers: { Authorization: `Bearer ${token}` },
    });
    const messages: Message[] = [];
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString('utf8')) as Message;
      messages.push(message);
      received.push(message);
    });
    socket.on('close', (code) => closes.push(code));
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    return {
      socket,
      messages,
      send: (message: object) => socket.send(JSON.stringify(message)),
      until: (fits: (message: Message) => boolean) =>
        eventually(() => {
          if (!messages.some(fits)) throw new Error(`not among ${JSON.stringify(messages)}`);
        }, TIMEOUT_MS),
    };
  }

  afterAll(() => own.gateway.stop());

  it('a conversation with all there is to say', async () => {
    const client = await open('/api/v1/live/ws', await tokenOf('tester'));
    const since = { [BTC.name]: own.feed.start - 3 * 60_000 };
    client.send({ type: 'subscribe', id: 's', channels: ['candles:btcusdt:1m'], since });
    await client.until(({ type, replay }) => type === 'snapshot' && replay === true);
    await own.feed.update();
    await own.feed.close();
    await own.feed.close(true);
    await client.until(({ backfill }) => backfill === true);
    client.send({ type: 'subscribe', id: 'l', channels: [BTC.name], snapshot: 1000 });
    await client.until(({ type, more }) => type === 'snapshot' && more === true);
    client.send({ type: 'subscribe', id: 'n', channels: ['candles:ETHUSDT:1'] });
    await client.until(({ type, id }) => type === 'subscribed' && id === 'n');
    client.send({ type: 'ping', id: 'p' });
    client.send({ type: 'auth', id: 'a', token: await tokenOf('tester') });
    client.send({ type: 'auth', id: 'm', token: await tokenOf('somebody else') });
    client.send({ type: 'auth', id: 'i', token: 'x' });
    client.send({ type: 'subscribe', id: 'u', channels: ['candles:DOGEUSDT:1', 'x'] });
    client.send({ type: 'unsubscribe', id: 'o', channels: ['candles:DOGEUSDT:1'] });
    client.send({ type: 'unsubscribe', id: 'y', channels: [BTC.name] });
    client.send({ type: 'dance' });
    client.send({ type: 'ping', loud: true });
    client.socket.send('not JSON');
    client.socket.send(Buffer.from('binary'));
    await client.until(({ code }) => code === 'binary_not_supported');
    await client.until(({ type }) => type === 'heartbeat');
    await client.until(({ id }) => id === 'm');
    client.socket.close(1000);
  });

  it('the endpoint of one channel, and a token that ends', async () => {
    const client = await open(
      '/api/v1/live/ws/candles/btcusdt/1m?snapshot=5',
      await tokenOf('brief', TOKEN_LIFE_MS),
    );
    await client.until(({ type }) => type === 'snapshot');
    await client.until(({ type }) => type === 'token_expiring');
    await eventually(() => expect(closes).toContain(CLOSE_CODES.token_expired), TIMEOUT_MS);
  });

  it('a token that may see less', async () => {
    const client = await open('/api/v1/live/ws', await tokenOf('narrowed'));
    client.send({ type: 'subscribe', channels: [BTC.name] });
    const channelsOf = ['candles:ETHUSDT:*'];
    const token = await tokenOf('narrowed', 3_600_000, { channels: channelsOf });
    client.send({ type: 'auth', id: 'less', token });
    await client.until(({ code }) => code === 'forbidden_channel');
    client.socket.close(1000);
  });

  it('one that is wrong too often', async () => {
    const client = await open('/api/v1/live/ws', await tokenOf('wrong'));
    for (let n = 0; n < 30; n += 1) client.send({ type: 'nonsense' });
    await eventually(() => expect(closes).toContain(CLOSE_CODES.too_many_errors), TIMEOUT_MS);
  });

  it('a farewell', async () => {
    const client = await open('/api/v1/live/ws', await tokenOf('last'));
    await client.until(({ type }) => type === 'welcome');
    void own.gateway.stop();
    await client.until(({ type }) => type === 'going_away');
    await eventually(() => expect(closes).toContain(CLOSE_CODES.going_away), TIMEOUT_MS);
  });

  it('each is what the document says, and no kind is missing', () => {
    for (const message of received) {
      const verdict = judge(`/components/messages/${message.type}/payload`)(message);
      expect(verdict, JSON.stringify(message)).toBeNull();
    }
    const kinds = serverMessageSchema.options.map(({ shape }) => shape.type.value);
    expect(new Set(received.map(({ type }) => type))).toEqual(new Set(kinds));
    const codes = received.flatMap(({ code }) => (typeof code === 'string' ? [code] : []));
    expect(new Set(codes).size).toBeGreaterThanOrEqual(8);
  });

  it('and so is each close', () => {
    const known = Object.values(channels)[0]?.['x-close-codes'].map(({ code }) => code) ?? [];
    // 1000 answers the client's own close.
    expect(closes.filter((code) => code !== 1000 && !known.includes(code))).toEqual([]);
    expect(new Set(closes).size).toBeGreaterThan(3);
  });
});
