import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServerMessage } from '../../src/candle/messages.ts';
import { grantOf, identityOf } from './auth/tokens.ts';
import {
  goodToken,
  HANDSHAKE,
  raw,
  startServer,
  type Harness,
  type RawAnswer,
} from './server/harness.ts';
import { MemoryChannel } from './session/support/memory-channel.ts';
import { START_TIME, World } from './session/support/world.ts';

type Verdict = 'allowed' | 'forbidden' | 'unknown';

/** The claim `channels`, what is asked for, and the answer of every endpoint. Served: BTCUSDT 1 and 60. */
const CASES: readonly [readonly string[] | undefined, string, string, Verdict][] = [
  [undefined, 'BTCUSDT', '1', 'allowed'],
  [[], 'BTCUSDT', '1', 'forbidden'],
  [['candles:BTCUSDT:1'], 'BTCUSDT', '1', 'allowed'],
  [['candles:BTCUSDT:1'], 'btcusdt', '1m', 'allowed'],
  [['candles:btcusdt:1h'], 'BTCUSDT', '60', 'allowed'],
  [['candles:BTCUSDT:1'], 'BTCUSDT', '60', 'forbidden'],
  [['candles:BTCUSDT:1'], 'BTCUSDT', '1h', 'forbidden'],
  [['candles:*:60', 'candles:ETHUSDT:*'], 'BTCUSDT', '1h', 'allowed'],
  [['candles:*:60', 'candles:ETHUSDT:*'], 'BTCUSDT', '1m', 'forbidden'],
  [['candles:*USDT:*'], 'BTCUSDT', '1', 'allowed'],
  [['candles:*USDC:*'], 'BTCUSDT', '1', 'forbidden'],
  [['candles:ETHUSDT:*'], 'ETHUSDT', '1', 'unknown'],
  [['candles:BTCUSDT:*'], 'ETHUSDT', '1', 'unknown'],
];

const VERDICTS: Readonly<Record<string, Verdict>> = {
  forbidden_channel: 'forbidden',
  unknown_channel: 'unknown',
  unknown_symbol: 'unknown',
};

function verdictOf({ status, body }: RawAnswer): Verdict | undefined {
  if (status === 101 || status === 200) return 'allowed';
  const { code } = JSON.parse(body) as { code: string };
  expect(status).toBe(code === 'forbidden_channel' ? 403 : 404);
  return VERDICTS[code];
}

function verdictOfMessages(messages: readonly ServerMessage[]): Verdict | undefined {
  const answer = messages.find(({ type }) => type === 'subscribed' || type === 'error');
  return answer?.type === 'error' ? VERDICTS[answer.code] : 'allowed';
}

describe('what a token may see', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startServer();
  });
  afterAll(() => harness.server.close());

  it.each(CASES)(
    '%j, asked for %s in %s: %s, everywhere',
    async (channels, symbol, interval, verdict) => {
      const headers = { Authorization: `Bearer ${await goodToken({ channels })}` };

      const rest = await raw(harness.port, `/api/v1/candles/${symbol}/${interval}`, headers);
      expect(verdictOf(rest), 'REST').toBe(verdict);

      const upgrade = await raw(harness.port, `/api/v1/live/ws/candles/${symbol}/${interval}`, {
        ...HANDSHAKE,
        ...headers,
      });
      expect(verdictOf(upgrade), 'the path endpoint').toBe(verdict);

      const channel = new MemoryChannel('candles:BTCUSDT:1', 10);
      const world = new World([channel, new MemoryChannel('candles:BTCUSDT:60', 10)]);
      const identity = identityOf({ grant: grantOf(channels), expiresAt: START_TIME + 60_000 });
      const client = world.connect({ identity });
      client.send({ type: 'subscribe', channels: [`candles:${symbol}:${interval}`] });
      expect(verdictOfMessages(client.read()), 'subscribe').toBe(verdict);

      const listing = await raw(harness.port, '/api/v1/live/channels', headers);
      const { channels: listed } = JSON.parse(listing.body) as { channels: { channel: string }[] };
      const isListed = listed.some(({ channel: name }) => {
        const canonical = interval === '1h' || interval === '60' ? '60' : '1';
        return name === `candles:${symbol.toUpperCase()}:${canonical}`;
      });
      expect(isListed, 'the list of channels').toBe(verdict === 'allowed');
    },
  );
});
