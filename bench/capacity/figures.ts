import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Figure } from '../lib/scenario.ts';
import type { Figures } from './plan.ts';

/** What is looked at in a file of `bench/results`. */
export interface MeasuredResult {
  readonly name: string;
  readonly figures: readonly Figure[];
}

/** Of the scenario `memory`. */
const MOST_CONNECTIONS = 15_000;

export const RESULTS = fileURLToPath(new URL('../results', import.meta.url));

export function readResults(folder = RESULTS): MeasuredResult[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as MeasuredResult);
}

/**
 * The figures that capacity is reckoned with, medians all.
 *
 * @throws Error naming the one that has not been measured
 */
export function figuresOf(results: readonly MeasuredResult[]): Figures {
  const find = (scenario: string, quantity: string, subject: string, at = ''): number => {
    const found = results
      .filter(({ name }) => name === scenario)
      .flatMap(({ figures }) => figures)
      .find(
        (figure) =>
          figure.quantity === quantity && figure.subject === subject && figure.at.includes(at),
      );
    if (found === undefined) {
      throw new Error(
        `${quantity} of ${subject} has not been measured: npm run bench -- --rows ${scenario}`,
      );
    }
    return found.spread.median;
  };
  const most = `${MOST_CONNECTIONS.toLocaleString('en-US')} connections`;
  const connectionBytes = find('memory', 'memory of a connection', 'candlegate', most);
  const baseBytes = find('memory', 'resident memory', 'candlegate', 'no connections') * 1e6;
  const own = 'candlegate, every client with a token of its own';
  // Of the whole, for what a gateway has before its first connection differs from start to start.
  const withOwnTokens =
    find('memory', 'resident memory', own, 'no connections') * 1e6 +
    MOST_CONNECTIONS * find('memory', 'memory of a connection', own, most);
  const tokenBytes =
    withOwnTokens / MOST_CONNECTIONS - baseBytes / MOST_CONNECTIONS - connectionBytes;
  return {
    deliveryUs: {
      json: find('encodings', 'CPU per delivery', 'candlegate, JSON'),
      protobuf: find('encodings', 'CPU per delivery', 'candlegate, protobuf'),
    },
    updateBytes: {
      json: find('encodings', 'bytes per delivery', 'candlegate, JSON'),
      protobuf: find('encodings', 'bytes per delivery', 'candlegate, protobuf'),
    },
    messageUs: find('channels', 'CPU of a further message', 'gateway'),
    idleUs: find('memory', 'CPU of an idle connection', 'candlegate', most),
    upgradeUs: {
      newToken: find(
        'upgrades',
        'CPU of the server for an upgrade',
        'candlegate, new EdDSA tokens',
      ),
      seenToken: find(
        'upgrades',
        'CPU of the server for an upgrade',
        'candlegate, tokens seen before',
      ),
    },
    baseBytes,
    connectionBytes,
    tokenBytes: Math.max(0, tokenBytes),
    heldCandleBytes: find('channels', 'memory of a held candle', 'gateway'),
    redisPublishUs: find('channels', 'CPU of a further message', 'Redis'),
    redisDeliveryUs: find('channels', 'CPU of a delivery to one more gateway', 'Redis'),
  };
}
