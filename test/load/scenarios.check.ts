import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { provideTool } from '../../scripts/tools.mjs';
import { startBrokenGateway, type Breakage } from './broken-gateway.ts';
import { runK6, THRESHOLDS_CROSSED, type K6Run } from './k6.ts';
import { startLoadRig, type LoadRig } from './rig.ts';

let rig: LoadRig;
let reports: string;
beforeAll(async () => {
  await provideTool('k6');
  reports = await mkdtemp(path.join(tmpdir(), 'candlegate-load-'));
  rig = await startLoadRig();
});
afterAll(async () => {
  await rig.close();
  await rm(reports, { recursive: true, force: true });
});

function expectAllHeld({ exitCode, output, crossed }: K6Run): void {
  expect(crossed, output).toEqual([]);
  expect(exitCode, output).toBe(0);
}

function run(scenario: string, env: Readonly<Record<string, string>> = {}): Promise<K6Run> {
  return runK6(scenario, { GATEWAYS: rig.gateways.join(), ...env }, reports);
}

// Scenarios are started as load-tests/README.md says.
describe('against two gateways', () => {
  it('smoke holds, and leaves a report in JSON and HTML', async () => {
    expectAllHeld(await run('smoke', { DURATION: '6s' }));
    const html = await readFile(path.join(reports, 'smoke.html'), 'utf8');
    expect(html).toContain('closed_candles_missing');
    expect(html).not.toContain('class="bad"');
  });

  it('steady holds', async () => {
    expectAllHeld(await run('steady', { CLIENTS: '30', DURATION: '15s', RAMP: '1s' }));
  });

  it('reconnect holds', async () => {
    expectAllHeld(await run('reconnect', { CLIENTS: '10', DURATION: '12s' }));
  });
});

describe('against gateways that allow few attempts', () => {
  it('rate-limit gets its 429s, and nothing but them and upgrades', async () => {
    const strict = await startLoadRig({ CANDLEGATE_ATTEMPTS_PER_MINUTE: '150' });
    try {
      const env = { GATEWAYS: strict.gateways.join(), RATE: '40', DURATION: '8s' };
      const { exitCode, crossed, output } = await run('rate-limit', env);
      expect(crossed, output).toEqual([]);
      expect(exitCode, output).toBe(0);
    } finally {
      await strict.close();
    }
  });

  it('rate-limit fails where nobody is refused', async () => {
    const { exitCode, crossed } = await run('rate-limit', { RATE: '5', DURATION: '2s' });
    expect(exitCode).toBe(THRESHOLDS_CROSSED);
    expect(crossed).toContain('upgrades_refused: count>0');
  });
});

describe('against a gateway that is broken on purpose', () => {
  async function steadyAgainst(breakage: Breakage): Promise<K6Run> {
    const broken = await startBrokenGateway(rig.gateways[0] ?? '', breakage);
    try {
      const env = { GATEWAYS: broken.ws, CLIENTS: '5', DURATION: '8s', RAMP: '0s' };
      return await run('steady', env);
    } finally {
      await broken.close();
    }
  }

  it('steady holds while nothing is spoilt', async () => {
    expectAllHeld(await steadyAgainst({}));
  });

  it('steady fails when candles come late, and blames the hop', async () => {
    const { exitCode, crossed } = await steadyAgainst({ delayMs: 400 });
    expect(exitCode).toBe(THRESHOLDS_CROSSED);
    expect(crossed).toEqual([
      'candle_delivery_ms: p(99)<250',
      'candle_hop_ms{hop:client}: p(99)<200',
    ]);
  });

  it('steady fails when closed candles are missing', async () => {
    const { exitCode, crossed } = await steadyAgainst({ dropEveryNthClose: 5 });
    expect(exitCode).toBe(THRESHOLDS_CROSSED);
    expect(crossed).toEqual(['closed_candles_missing: count==0']);
  });
});
