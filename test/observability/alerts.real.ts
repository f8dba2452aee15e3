import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { startRedis } from '../support/redis.ts';
import { listening } from '../support/role-process.ts';
import { startDeployment, starve, wrongClock, type Deployment } from './deployment.ts';
import { KeptConnection } from './kept-connection.ts';
import { quickRules } from './quick-rules.ts';
import { readAlerts } from './shipped.ts';
import { refusedUpgrade } from './strangers.ts';

const WITHIN_MS = 120_000;

/** Breaks something; the answer mends it. */
type Break = (deployment: Deployment) => Promise<() => Promise<void> | void>;

interface Case {
  readonly what: string;
  readonly alerts: readonly string[];
  readonly break: Break;
}

const nothingToMend = (): void => undefined;

/**
 * What is broken for real, and which alerts have to fire for it. In this order: an alert that looks back
 * over minutes must not have fired for what came before.
 */
const CASES: readonly Case[] = [
  {
    what: 'Bybit sends its frames late',
    alerts: [
      'CandlegateHopSlow',
      'CandlegateDeliveryBudgetBurnsFast',
      'CandlegateDeliveryBudgetBurns',
      'CandlegateDeliveryBudgetBurnsSlowly',
    ],
    async break({ rig }) {
      await rig.exchange.setFaults({ frameDelayMs: 1_200 });
      return () => rig.exchange.setFaults({ frameDelayMs: 0 });
    },
  },
  {
    what: 'workers are killed again and again',
    alerts: ['CandlegateRestartLoop', 'CandlegateLeaderChangesOften'],
    async break(deployment) {
      for (let time = 0; time < 6; time += 1) {
        await restartIngest(deployment);
        await deployment.scraped();
        await eventually(async () => {
          const leaders = await deployment.prometheus.query('sum(candlegate_ingest_leader) == 1');
          if (leaders.length === 0) throw new Error('nobody leads');
        }, WITHIN_MS);
      }
      return nothingToMend;
    },
  },
  {
    what: 'Bybit refuses a topic',
    alerts: ['CandlegateTopicsRefused'],
    async break({ rig }) {
      await rig.exchange.setFaults({
        refuseSubscriptions: ['kline.1.BTCUSDT'],
        dropConnections: 'terminate',
      });
      return () => rig.exchange.setFaults({ refuseSubscriptions: false, dropConnections: 'close' });
    },
  },
  {
    what: 'Bybit refuses connections',
    alerts: ['CandlegateExchangeConnectionsMissing', 'CandlegateExchangeReconnectsOften'],
    async break({ rig }) {
      await rig.exchange.setFaults({ refuseConnections: 'http', dropConnections: 'terminate' });
      return () => rig.exchange.setFaults({ refuseConnections: 'no' });
    },
  },
  {
    what: 'somebody writes rubbish on the bus',
    alerts: ['CandlegateBusMessagesUnusable'],
    async break({ rig }) {
      await withRedis(rig, async (redis) => {
        const channels = (await redis.call('PUBSUB', 'CHANNELS', '*BTCUSDT*')) as string[];
        for (const channel of channels) await redis.publish(channel, 'rubbish');
      });
      return nothingToMend;
    },
  },
  {
    what: 'Redis forgets everything again and again',
    alerts: ['CandlegateRepairsOften'],
    async break({ rig, clients }) {
      for (let time = 0; time < 6; time += 1) {
        const before = Date.now();
        await rig.store.flush();
        await eventually(() => {
          const newest = clients[0]?.receipts.at(-1)?.published ?? 0;
          if (newest < before) throw new Error('no candle came after Redis forgot');
        }, WITHIN_MS);
      }
      return nothingToMend;
    },
  },
  {
    what: 'clients come with tokens that are none',
    alerts: ['CandlegateUpgradesRefused'],
    async break({ rig }) {
      const port = rig.links.gatewayToClients[0].port;
      for (let attempt = 0; attempt < 100; attempt += 1) await refusedUpgrade(port);
      return nothingToMend;
    },
  },
  {
    what: 'a gateway drains for long, and clients still come to it',
    alerts: ['CandlegateUpgradesFail', 'CandlegateDrainStuck'],
    async break(deployment) {
      const gateway = await deployment.extra('gateway', 'gateway-draining', {
        CANDLEGATE_DRAIN_WINDOW_MS: '60000',
        CANDLEGATE_DRAIN_DEADLINE_MS: '90000',
      });
      const port = Number(new URL((await listening(gateway)).http).port);
      for (let client = 0; client < 3; client += 1) deployment.client(port);
      await eventually(async () => {
        const open = 'candlegate_gateway_connections{instance="gateway-draining"} == 3';
        const samples = await deployment.prometheus.query(open);
        if (samples.length === 0) throw new Error('the clients are not connected');
      }, WITHIN_MS);
      // The listener closes; who has a connection already can still ask for an upgrade on it.
      const kept = await Promise.all(Array.from({ length: 5 }, () => KeptConnection.open(port)));
      gateway.signal('SIGTERM');
      await gateway.logged(({ msg }) => /drain/.test(msg));
      for (const connection of kept) expect(await connection.upgrade()).toBe(503);
      return () => deployment.retire('gateway-draining');
    },
  },
  {
    what: 'a gateway is as full as it may be',
    alerts: ['CandlegateConnectionsNearCap'],
    async break(deployment) {
      const gateway = await deployment.extra('gateway', 'gateway-full', {
        CANDLEGATE_MAX_CONNECTIONS: '2',
      });
      const port = Number(new URL((await listening(gateway)).http).port);
      for (let client = 0; client < 2; client += 1) deployment.client(port);
      return () => deployment.retire('gateway-full');
    },
  },
  {
    what: 'many clients stop reading',
    alerts: ['CandlegateSlowClients'],
    break: (deployment) => deployment.slowClients(1, 4),
  },
  {
    what: 'a gateway gets an eighth of a CPU',
    alerts: ['CandlegateEventLoopSlow'],
    break: ({ rig }) => Promise.resolve(starve(rig.gateways[0], 700)),
  },
  {
    what: 'a gateway has the wrong time',
    alerts: ['CandlegateClocksDisagree', 'CandlegateHostClocksDiffer'],
    async break(deployment) {
      await deployment.extra('gateway', 'gateway-late', wrongClock(-2_000));
      return () => deployment.retire('gateway-late');
    },
  },
  {
    what: 'a worker uses another Redis',
    alerts: ['CandlegateTwoLeaders'],
    async break(deployment) {
      const other = await startRedis();
      await deployment.extra('ingest', 'ingest-elsewhere', { CANDLEGATE_REDIS_URL: other.url });
      return async () => {
        await deployment.retire('ingest-elsewhere');
        await other.stop();
      };
    },
  },
  {
    what: 'Redis is gone',
    alerts: [
      'CandlegateBusLost',
      'CandlegatePublishFails',
      'CandlegateNoLeader',
      'CandlegateLimiterDegraded',
    ],
    async break({ rig }) {
      const redis = await rig.store.master();
      await redis.kill();
      return () => redis.restart();
    },
  },
  {
    what: 'Bybit says nothing any more',
    alerts: ['CandlegateStaleData'],
    async break({ rig }) {
      await rig.exchange.setFaults({ silent: true });
      return () => rig.exchange.setFaults({ silent: false });
    },
  },
  {
    what: "Bybit's REST fails, and ingest is started",
    alerts: ['CandlegateExchangeRestFails', 'CandlegateExchangeClockUnknown'],
    async break({ rig, ...deployment }) {
      await rig.exchange.setFaults({ rest: { status: 500 } });
      await restartIngest({ rig, ...deployment });
      return () => rig.exchange.setFaults({ rest: { status: null } });
    },
  },
  {
    what: "Bybit's clock is ahead, and ingest is started",
    alerts: ['CandlegateExchangeClockOff'],
    async break(deployment) {
      await deployment.rig.exchange.setFaults({ clockOffsetMs: 5_000 });
      await restartIngest(deployment);
      return async () => {
        await deployment.rig.exchange.setFaults({ clockOffsetMs: 0 });
        await restartIngest(deployment);
      };
    },
  },
  {
    what: 'a worker is killed, and both gateways',
    alerts: ['CandlegateInstanceDown', 'CandlegateNoGateway'],
    async break({ rig }) {
      await Promise.all([rig.ingests[0], ...rig.gateways].map((each) => each.kill()));
      return nothingToMend;
    },
  },
];

/**
 * Alerts that need longer than a minute, or a fault of our own code, to fire for real. promtool's tests
 * alone stand for them.
 */
const NOT_FOR_REAL = [
  // Redis has to be away for more than a minute.
  'CandlegateRevocationsStale',
  // The next fetch of keys comes after minutes.
  'CandlegateIssuerKeysNotFetched',
  // A channel has to be silent for five minutes.
  'CandlegateChannelStale',
  // Two candles have to close, of which the exchange loses one over both of its interfaces.
  'CandlegateClosedCandlesHeld',
  // The same, and then half an hour has to pass; or the exchange denies a candle twice and brings it later.
  'CandlegateClosedCandlesLost',
  // The exchange has to contradict itself about a closed candle.
  'CandlegateConfirmationsDiffer',
  // Redis and exchange have to lack a candle that a gateway needs.
  'CandlegateHistoryHoles',
  // A bug.
  'CandlegateHandlerFaults',
  // Hundreds of thousands of files, or a limit of the operating system.
  'CandlegateFileDescriptorsNearCap',
];

describe('every alert fires when the thing is really broken', () => {
  let deployment: Deployment;

  beforeAll(async () => {
    deployment = await startDeployment({ clients: [3, 2], rules: quickRules() });
  });
  afterAll(() => deployment.stop());

  it('none is left out', () => {
    const covered = [...CASES.flatMap(({ alerts }) => alerts), ...NOT_FOR_REAL];
    expect(covered.sort()).toEqual(
      readAlerts()
        .map(({ alert }) => alert)
        .sort(),
    );
  });

  it.each(CASES)('$what: $alerts', { timeout: 3 * WITHIN_MS }, async ({ alerts, ...each }) => {
    await quiet(deployment, alerts);
    const mend = await each.break(deployment);
    try {
      await eventually(async () => {
        const firing = await deployment.prometheus.firing();
        for (const alert of alerts) expect([...firing]).toContain(alert);
      }, WITHIN_MS);
    } finally {
      await mend();
    }
  });
});

/** None of them may fire before; what looks back over minutes or an hour may, for what came earlier. */
async function quiet({ prometheus }: Deployment, alerts: readonly string[]): Promise<void> {
  await eventually(async () => {
    const firing = await prometheus.firing();
    for (const alert of alerts) expect([...firing]).not.toContain(alert);
  }, WITHIN_MS);
}

async function restartIngest(deployment: Deployment): Promise<void> {
  const { ingests } = deployment.rig;
  await Promise.all(ingests.map((ingest) => ingest.kill()));
  await Promise.all(ingests.map((ingest) => ingest.start()));
  await deployment.rescrape();
}

async function withRedis(
  rig: Deployment['rig'],
  act: (redis: Redis) => Promise<void>,
): Promise<void> {
  const redis = new Redis((await rig.store.master()).url);
  try {
    await act(redis);
  } finally {
    redis.disconnect();
  }
}
