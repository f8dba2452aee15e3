import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { WebSocket, WebSocketServer } from 'ws';
import { Dice } from '../faults/dice.ts';
import { INVALID_UTF8, mutateBytes, mutateValue, randomBytes } from './mutate.ts';

export interface SpoilingRelay {
  readonly url: string;
  /** Mutated frames sent so far. */
  readonly sent: number;
  /** Sends so many more beside the true ones. */
  spoil(frames: number): Promise<void>;
  close(): void;
}

/** Frames that are sent before others get a turn. */
const FRAMES_PER_TURN = 50;
const MAX_BUFFERED_BYTES = 1_000_000;
const WAIT_MS = 5;
/** Now and then comes one that no client may bear (RFC 6455, section 8.1): the connection ends. */
const FRAMES_PER_BREAK = 5_000;

/**
 * Stands between the exchange and ingest: passes everything on, and adds frames mutated from true ones.
 *
 * A lie that is shaped like the truth cannot be told from it by anybody, so candles are only mutated
 * in frames of `liesAbout`; of the others only texts that are no JSON any more are sent.
 *
 * @param upstream the exchange's WebSocket
 */
export async function startSpoilingRelay(
  upstream: string,
  liesAbout: string,
  seed: number,
): Promise<SpoilingRelay> {
  const dice = new Dice(seed, 12);
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
  await once(server, 'listening');
  const lies: unknown[] = [];
  const truths: string[] = [];
  let downstream: WebSocket | null = null;
  let sent = 0;

  server.on('connection', (client) => {
    const source = new WebSocket(upstream, { perMessageDeflate: false });
    const waiting: string[] = [];
    client.on('message', (data: Buffer) => {
      if (source.readyState === WebSocket.OPEN) source.send(data.toString());
      else waiting.push(data.toString());
    });
    source.on('open', () => waiting.forEach((text) => source.send(text)));
    source.on('message', (data: Buffer) => {
      const text = data.toString();
      client.send(text);
      if (text.includes(`.${liesAbout}"`)) remember(lies, JSON.parse(text));
      else if (text.includes('"topic"')) remember(truths, text);
      downstream = client.readyState === WebSocket.OPEN ? client : null;
    });
    for (const [one, other] of [
      [source, client],
      [client, source],
    ] as const) {
      one.on('error', () => undefined);
      one.on('close', () => other.terminate());
    }
  });

  function remember<T>(list: T[], item: T): void {
    if (list.length < 200) list.push(item);
    else list[dice.integer(0, list.length - 1)] = item;
  }

  function spoiled(): { readonly data: Buffer; readonly binary: boolean } {
    const lie = lies[dice.integer(0, Math.max(0, lies.length - 1))] ?? { topic: 'kline' };
    const truth = Buffer.from(truths[dice.integer(0, Math.max(0, truths.length - 1))] ?? '{');
    switch (dice.integer(0, 7)) {
      case 0:
        return { data: randomBytes(dice, 300), binary: true };
      case 1:
        // Without its end it is no JSON, whatever it is about.
        return { data: truth.subarray(0, dice.integer(0, truth.length - 1)), binary: false };
      case 2:
        return { data: Buffer.from(randomBytes(dice, 200).toString('latin1')), binary: false };
      case 3:
        return {
          data: Buffer.from(mutateBytes(Buffer.from(JSON.stringify(lie)), dice).toString('latin1')),
          binary: false,
        };
      case 4:
        return {
          data: Buffer.from(
            mutateValue(
              { success: true, ret_msg: 'subscribe', req_id: '1', op: 'subscribe' },
              dice,
            ),
          ),
          binary: false,
        };
      case 5:
        return {
          data: Buffer.from(`${truth.toString()}${dice.pick(INVALID_UTF8).toString('latin1')}`),
          binary: false,
        };
      default:
        return { data: Buffer.from(mutateValue(lie, dice)), binary: false };
    }
  }

  const { port } = server.address() as AddressInfo;
  return {
    url: `ws://127.0.0.1:${port}`,
    get sent() {
      return sent;
    },
    async spoil(frames) {
      const until = sent + frames;
      while (sent < until) {
        const client = downstream?.readyState === WebSocket.OPEN ? downstream : null;
        for (
          let count = 0;
          client !== null && count < FRAMES_PER_TURN && sent < until;
          count += 1
        ) {
          const { data, binary } = spoiled();
          client.send(data, { binary });
          sent += 1;
          if (sent % FRAMES_PER_BREAK === 0) {
            client.send(dice.pick(INVALID_UTF8), { binary: false });
            downstream = null;
            break;
          }
        }
        // Without a connection, or over one that is full, nothing can be sent.
        if (client === null || client.bufferedAmount > MAX_BUFFERED_BYTES) await delay(WAIT_MS);
        else await nextTurn();
      }
    },
    close() {
      for (const client of server.clients) client.terminate();
      server.close();
    },
  };
}
