import { beforeAll, expect, it } from 'vitest';
import { buildCli } from '../support/built-cli.ts';
import { failuresOf } from './judge.ts';
import { fuzz } from './run.ts';

beforeAll(buildCli);

// `npm run fuzz` sends a hundred times as much.
it(
  'rubbish from clients and from the exchange hurts nobody beside it',
  { timeout: 60_000 },
  async () => {
    const report = await fuzz({ seed: 7, clientFrames: 2_000, exchangeFrames: 500 });
    expect(failuresOf(report)).toEqual([]);
    expect(report.flood.frames).toBeGreaterThanOrEqual(2_000);
    expect(report.exchangeFrames).toBeGreaterThanOrEqual(500);
  },
);
