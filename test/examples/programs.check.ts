import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildCli } from '../support/built-cli.ts';
import { eventually } from '../support/eventually.ts';
import { listening, startRole, type RoleProcess } from '../support/role-process.ts';
import { testToken } from '../support/tokens.ts';
import { startExample } from './places.ts';

describe('the examples for a terminal', () => {
  let standalone: RoleProcess;
  let env: Record<string, string>;

  beforeAll(async () => {
    await buildCli();
    standalone = startRole(['standalone'], {
      CANDLEGATE_FEED: 'simulator',
      CANDLEGATE_SIMULATOR_SPEED: '60',
    });
    const { http } = await listening(standalone);
    env = { CANDLEGATE_URL: http, CANDLEGATE_TOKEN: await testToken() };
  });
  afterAll(() => standalone.stop());

  it('curl/rest.sh gets health, channels, candles and a ticket', async () => {
    // Between a close and the first trade after it a channel has no open candle.
    await eventually(async () => {
      const script = startExample('sh', ['curl/rest.sh'], env);
      expect(await script.ended, script.err.join('\n')).toBe(0);
      const answers = script.out.map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(answers.map((answer) => Object.keys(answer).at(-1))).toEqual([
        'connections',
        'channels',
        'candles',
        'expiresAt',
      ]);
      expect(answers[2]?.['candles']).toHaveLength(4);
    });
  });

  it('node/candles.mjs prints closed and open candles', async () => {
    const script = startExample(process.execPath, ['node/candles.mjs', 'ETHUSDT', '1m'], env);
    const closed = () => script.out.filter((line) => line.endsWith(' closed'));
    await eventually(
      () => expect(closed().length, script.err.join('\n')).toBeGreaterThan(5),
      30_000,
    );
    script.stop();
    await script.ended;
    expect(script.out.some((line) => line.endsWith(' open'))).toBe(true);
    expect(new Set(closed()).size).toBe(closed().length);
    expect(script.err).toContain('live');
  });
});
