import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { startDeployment, starve, wrongClock, type Deployment } from './deployment.ts';
import { partAtFault, type Part, type Readings } from './diagnosis.ts';
import { readPanels } from './panel-queries.ts';
import { readDashboards } from './shipped.ts';

/** The promise: within a minute. */
const WITHIN_MS = 60_000;
/** A part is named when it was found so often in a row. */
const READINGS_IN_A_ROW = 3;
const READING_EVERY_MS = 1_000;
/** Enough for one slow client to be less than a tenth. */
const CLIENTS = [12, 2] as const;

const overview = readDashboards().find(({ uid }) => uid === 'candlegate-overview');

/** Breaks something; the answer mends it. */
type Break = (deployment: Deployment) => Promise<() => Promise<void> | void>;

/** What is broken for real, and which part the Overview has to name for it. */
const CASES: readonly { readonly what: string; readonly part: Part; readonly break: Break }[] = [
  {
    what: 'Bybit sends its frames 800 ms late',
    part: 'Bybit',
    async break({ rig }) {
      await rig.exchange.setFaults({ frameDelayMs: 800 });
      return () => rig.exchange.setFaults({ frameDelayMs: 0 });
    },
  },
  {
    what: 'Bybit refuses connections',
    part: 'Bybit',
    async break({ rig }) {
      await rig.exchange.setFaults({ refuseConnections: 'http', dropConnections: 'terminate' });
      return () => rig.exchange.setFaults({ refuseConnections: 'no' });
    },
  },
  {
    what: 'Redis stands still for most of the time',
    part: 'Redis',
    async break({ rig }) {
      const redis = await rig.store.master();
      return starve({ freeze: () => redis.pause(), thaw: () => redis.resume() }, 700);
    },
  },
  {
    what: 'the network to Redis is slow for everybody',
    part: 'Redis',
    break({ rig }) {
      const links = [...rig.links.ingestToRedis, ...rig.links.redisToGateway];
      for (const link of links) link.become({ kind: 'delayed', ms: 150 });
      return Promise.resolve(() => links.forEach((link) => link.become({ kind: 'open' })));
    },
  },
  {
    what: 'Redis is gone',
    part: 'Redis',
    async break({ rig }) {
      const redis = await rig.store.master();
      await redis.kill();
      return () => redis.restart();
    },
  },
  {
    what: 'a gateway gets an eighth of a CPU',
    part: 'gateway',
    break: ({ rig }) => Promise.resolve(starve(rig.gateways[0], 700)),
  },
  {
    what: 'one client stops reading',
    part: 'one client',
    break: (deployment) => deployment.slowClients(0, 1),
  },
  {
    what: 'the clock of a gateway is two seconds behind',
    part: 'clock',
    async break(deployment) {
      await deployment.extra('gateway', 'gateway-late', wrongClock(-2_000));
      return () => deployment.retire('gateway-late');
    },
  },
  {
    what: 'ingest is down',
    part: 'ingest',
    async break(deployment) {
      const { rig } = deployment;
      await Promise.all(rig.ingests.map((ingest) => ingest.kill()));
      return async () => {
        await Promise.all(rig.ingests.map((ingest) => ingest.start()));
        await deployment.rescrape();
      };
    },
  },
  {
    what: "the exchange's clock is five seconds ahead",
    part: 'clock',
    async break({ rig }) {
      await rig.exchange.setFaults({ clockOffsetMs: 5_000 });
      return () => rig.exchange.setFaults({ clockOffsetMs: 0 });
    },
  },
];

describe('who sees only the Overview can tell the part at fault within a minute', () => {
  let deployment: Deployment;

  beforeAll(async () => {
    deployment = await startDeployment({ clients: CLIENTS });
  });
  afterAll(() => deployment.stop());

  it.each(CASES)('$what: $part', { timeout: 3 * WITHIN_MS }, async ({ part, break: breakIt }) => {
    await names(deployment, 'nothing');
    const mend = await breakIt(deployment);
    try {
      await names(deployment, part);
    } finally {
      await mend();
    }
  });
});

/** Waits until the Overview names the part, several times in a row. */
async function names(deployment: Deployment, part: Part): Promise<void> {
  if (overview === undefined) throw new Error('there is no Overview');
  let inARow = 0;
  await eventually(async () => {
    await delay(READING_EVERY_MS);
    const readings = await readPanels(deployment.prometheus, overview);
    const named = partAtFault(readings);
    inARow = named === part ? inARow + 1 : 0;
    if (inARow < READINGS_IN_A_ROW) {
      expect.fail(`expected ${part}, the Overview names ${named}:\n${shown(readings)}`);
    }
  }, WITHIN_MS);
}

function shown(readings: Readings): string {
  return [...readings]
    .flatMap(([title, samples]) =>
      samples.map(({ labels, value }) => `${title} ${JSON.stringify(labels)} ${value}`),
    )
    .join('\n');
}
