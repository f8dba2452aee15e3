import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Exchange } from '../../faults/exchange.ts';
import { ReferenceClient } from '../../faults/reference-client.ts';
import { buildCli, CLI } from '../../support/built-cli.ts';
import { eventually } from '../../support/eventually.ts';
import { startRedis, type TestRedis } from '../../support/redis.ts';
import { listening, startRole, type RoleProcess } from '../../support/role-process.ts';
import { testToken } from '../../support/tokens.ts';
import { verdictOnClosedCandles } from '../support/verdict.ts';
import { previousBuild } from './previous-build.ts';

const CHANNELS = ['candles:BTCUSDT:1', 'candles:ETHUSDT:1'];
const SPEED = 60;
/** Closes that each arrangement of versions has to bring to every client. */
const CLOSES = 4;
const WAIT_MS = 60_000;

const previous = await previousBuild();

/** An upgrade and a rollback pass through each of these arrangements. */
describe('this version and the one before it, side by side', () => {
  let redis: TestRedis | undefined;
  let exchange: Exchange;
  let upstream: Record<string, string>;
  const processes: RoleProcess[] = [];
  const clients: ReferenceClient[] = [];
  const versions = { old: previous.cli, new: CLI } as const;
  type Version = keyof typeof versions;

  function start(role: string, version: Version, env: Record<string, string>): RoleProcess {
    const started = startRole([role], env, versions[version]);
    processes.push(started);
    return started;
  }
  async function startIngest(version: Version): Promise<RoleProcess> {
    const ingest = start('ingest', version, upstream);
    await ingest.logged(({ msg }) => msg === 'admin port listens');
    return ingest;
  }
  /** Every client has so many closes more than now. */
  async function streaming(): Promise<void> {
    const counts = () =>
      clients.flatMap((client) =>
        client.logs().map(({ candles }) => candles.filter(({ confirm }) => confirm).length),
      );
    const before = counts();
    await eventually(() => {
      const now = counts();
      before.forEach((count, index) => expect(now[index]).toBeGreaterThanOrEqual(count + CLOSES));
    }, WAIT_MS);
  }

  beforeAll(async () => {
    await buildCli();
    redis = await startRedis();
    const simulator = start('simulator', 'new', {
      CANDLEGATE_SIMULATOR_PORT: '0',
      CANDLEGATE_SIMULATOR_SPEED: String(SPEED),
    });
    const { ws, rest } = await simulator.logged(({ msg }) => msg === 'simulator listens');
    exchange = new Exchange(String(rest), SPEED);
    await exchange.readClock();
    const feed = {
      CANDLEGATE_REDIS_URL: redis.url,
      CANDLEGATE_FEED: 'simulator',
      CANDLEGATE_SYMBOLS: 'BTCUSDT,ETHUSDT',
      CANDLEGATE_INTERVALS: '1',
    };
    upstream = {
      ...feed,
      CANDLEGATE_BYBIT_WS_URL: String(ws),
      CANDLEGATE_BYBIT_REST_URL: String(rest),
    };
    const token = await testToken();
    const ingest = await startIngest('old');
    await ingest.logged(({ msg }) => msg === 'this worker leads');
    for (const version of ['old', 'new'] as const) {
      const { ws: url } = await listening(start('gateway', version, feed));
      const client = new ReferenceClient({
        name: `client of the ${version} gateway`,
        token,
        channels: CHANNELS,
        gateway: () => url,
        random: Math.random,
      });
      clients.push(client);
      client.start();
    }
  });
  afterAll(async () => {
    for (const client of clients) client.leave('terminate');
    await Promise.all(processes.map((each) => each.stop('SIGKILL')));
    await redis?.stop();
  });

  it('lose no closed candle while ingest is upgraded and rolled back under both gateways', async () => {
    console.log(`the version before is commit ${previous.commit}`);
    const old = processes[1];
    await streaming();
    const upgraded = await startIngest('new');
    await old?.stop();
    await upgraded.logged(({ msg }) => msg === 'this worker leads');
    await streaming();
    const rolledBack = await startIngest('old');
    await upgraded.stop();
    await rolledBack.logged(({ msg }) => msg === 'this worker leads');
    await streaming();

    const verdict = await verdictOnClosedCandles(exchange, clients, CHANNELS, WAIT_MS);
    expect(verdict.problems).toEqual([]);
    expect(verdict.checked).toBeGreaterThan(2 * CHANNELS.length * 3 * CLOSES - 1);
    for (const client of clients)
      expect([client.name, client.violations]).toEqual([client.name, []]);
    const errors = processes.flatMap(({ log }) =>
      log.filter(({ level }) => level === 'error' || level === 'fatal'),
    );
    expect(errors).toEqual([]);
  }, 300_000);
});
