import { planFor, spareUpgrades, type Demand, type Figures } from './plan.ts';
import { simulateRollout, type Rollout } from './rollout.ts';

const CLIENTS = [1_000, 10_000, 100_000, 1_000_000] as const;
const CHANNELS = [9, 100, 900] as const;
const ENCODINGS = ['json', 'protobuf'] as const;
/** A chart or bot with three intervals of one symbol; the exchange says something of each once a second. */
const USUAL = { subscriptions: 3, updatesPerSecond: 1 } as const;
const MILLION = 1_000_000;

function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** Three digits are more than the measurement can tell. */
function short(value: number): string {
  return value >= 1_000
    ? count(Number(value.toPrecision(3)))
    : String(Number(value.toPrecision(3)));
}

function bits(value: number): string {
  if (value >= 1e9) return `${short(value / 1e9)} Gbit/s`;
  return value >= 1e6 ? `${short(value / 1e6)} Mbit/s` : `${short(value / 1e3)} kbit/s`;
}

function bytes(value: number): string {
  return value >= 1e9 ? `${short(value / 1e9)} GB` : `${short(value / 1e6)} MB`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** The measured figures that everything else follows from. */
export function figuresTable(figures: Figures): string {
  const { deliveryUs, updateBytes, upgradeUs } = figures;
  return table(
    ['letter', 'what one costs', 'measured'],
    [
      ['_d_', 'CPU of a delivery, JSON', `${short(deliveryUs.json)} µs`],
      ['', 'CPU of a delivery, protobuf', `${short(deliveryUs.protobuf)} µs`],
      [
        '_i_',
        'CPU of an idle connection (pings, heartbeats)',
        `${short(figures.idleUs)} µs a second`,
      ],
      ['_m_', 'CPU of a message from Redis, without clients', `${short(figures.messageUs)} µs`],
      ['_u_', 'CPU of an upgrade, token seen before', `${short(upgradeUs.seenToken)} µs`],
      ['', 'CPU of an upgrade, new EdDSA token', `${short(upgradeUs.newToken)} µs`],
      ['_c_', 'memory of a connection', `${short(figures.connectionBytes)} B`],
      ['', 'memory of a remembered token', `${short(figures.tokenBytes)} B`],
      ['_h_', 'memory of a held candle', `${short(figures.heldCandleBytes)} B`],
      ['', 'memory of a gateway without clients or history', bytes(figures.baseBytes)],
      ['_b_', 'an update, JSON', `${short(updateBytes.json)} B`],
      ['', 'an update, protobuf', `${short(updateBytes.protobuf)} B`],
      ['_p_', 'CPU of Redis for a candle', `${short(figures.redisPublishUs)} µs`],
      [
        '_q_',
        'CPU of Redis for its delivery to one more gateway',
        `${short(figures.redisDeliveryUs)} µs`,
      ],
    ],
  );
}

/** What is needed for so many clients on so many channels, in both encodings. */
export function planTable(figures: Figures): string {
  const rows = CLIENTS.flatMap((clients) =>
    CHANNELS.flatMap((channels) =>
      ENCODINGS.map((encoding) => {
        const plan = planFor({ ...USUAL, clients, channels, encoding }, figures);
        return [
          count(clients),
          count(channels),
          encoding,
          plan.pods === null ? 'not to be had' : count(plan.pods),
          `${count(plan.mostPerPod)} (${plan.boundBy})`,
          short(plan.cores),
          bytes(plan.podBytes),
          count(plan.deliveriesPerSecond),
          bits(plan.bitsPerSecond),
          count(plan.redis.deliveriesPerSecond),
          `${short(100 * plan.redis.load)} %`,
        ];
      }),
    ),
  );
  return table(
    [
      'clients',
      'channels',
      'encoding',
      'gateways',
      'most clients of one (bound by)',
      'cores busy',
      'memory of one',
      'deliveries/s',
      'to clients',
      'Redis deliveries/s',
      'Redis core',
    ],
    rows,
  );
}

/** What bounds a gateway first, as demand for updates grows. */
export function boundTable(figures: Figures): string {
  const demands: readonly Omit<Demand, 'clients' | 'encoding'>[] = [
    { channels: 9, subscriptions: 1, updatesPerSecond: 0.2 },
    { channels: 9, subscriptions: 1, updatesPerSecond: 1 },
    { channels: 9, subscriptions: 9, updatesPerSecond: 1 },
    { channels: 100, subscriptions: 20, updatesPerSecond: 1 },
    { channels: 900, subscriptions: 100, updatesPerSecond: 1 },
    { channels: 900, subscriptions: 3, updatesPerSecond: 1 },
  ];
  return table(
    [
      'channels',
      'held by a client',
      'updates/s of each',
      'JSON: most clients',
      'protobuf: most clients',
    ],
    demands.map((demand) => [
      count(demand.channels),
      count(demand.subscriptions),
      String(demand.updatesPerSecond),
      ...ENCODINGS.map((encoding) => {
        const plan = planFor({ ...demand, clients: 1, encoding }, figures);
        return `${count(plan.mostPerPod)} (${plan.boundBy})`;
      }),
    ]),
  );
}

/** A million connections, replaced in different ways. */
export function rolloutTable(figures: Figures): string {
  const demand: Demand = { ...USUAL, clients: MILLION, channels: 100, encoding: 'json' };
  const plan = planFor(demand, figures);
  const pods = plan.pods ?? 0;
  const load = plan.cores / pods;
  const upgradesPerSecond = spareUpgrades(load, figures.upgradeUs.newToken);
  const common = {
    clients: MILLION,
    pods,
    startSeconds: 3,
    minReadySeconds: 5,
    preStopSeconds: 15,
    jitterSeconds: 1,
    upgradesPerSecond,
  };
  const ways: readonly Pick<Rollout, 'maxSurge' | 'windowSeconds' | 'balancer'>[] = [
    { maxSurge: 1, windowSeconds: 30, balancer: 'even' },
    { maxSurge: 1, windowSeconds: 30, balancer: 'fewest' },
    { maxSurge: Math.ceil(pods / 4), windowSeconds: 60, balancer: 'even' },
    { maxSurge: Math.ceil(pods / 4), windowSeconds: 180, balancer: 'even' },
    { maxSurge: Math.ceil(pods / 4), windowSeconds: 180, balancer: 'fewest' },
    { maxSurge: pods, windowSeconds: 180, balancer: 'even' },
  ];
  const rows = ways.map((way) => {
    const report = simulateRollout({ ...common, ...way });
    return [
      count(way.maxSurge),
      `${way.windowSeconds} s`,
      way.balancer === 'even' ? 'evenly' : 'to the emptiest',
      `${count(report.seconds)} s`,
      short(report.reconnects / MILLION),
      count(report.peakPerPod),
      `${short(report.longestQueueSeconds)} s`,
      count(report.mostAway),
      `${count(report.emptiest)} to ${count(report.fullest)}`,
    ];
  });
  return [
    `A million clients on ${count(pods)} gateways (100 channels, JSON), each with room for ` +
      `${count(upgradesPerSecond)} handshakes a second with new tokens beside its ordinary work:`,
    table(
      [
        '`maxSurge`',
        'drain window',
        'connections go',
        'takes',
        'handshakes a client',
        'most at one gateway, a second',
        'longest wait for its turn',
        'most away at a time',
        'clients of a gateway afterwards',
      ],
      rows,
    ),
  ].join('\n\n');
}

/** Gateways that are lost without a drain. */
export function lossTable(figures: Figures): string {
  const demand: Demand = { ...USUAL, clients: MILLION, channels: 100, encoding: 'json' };
  const { pods, cores } = planFor(demand, figures);
  if (pods === null) return '';
  const rows = [1, Math.ceil(pods / 3)].flatMap((lost) => {
    const left = pods - lost;
    const clients = (MILLION / pods) * lost;
    const load = cores / left;
    return (['seenToken', 'newToken'] as const).map((token) => {
      const perPod = spareUpgrades(load, figures.upgradeUs[token]);
      return [
        lost === 1 ? 'one gateway' : `a third (${count(lost)})`,
        count(clients),
        token === 'seenToken' ? 'seen before' : 'new',
        count(perPod),
        `${short(clients / left / perPod)} s`,
        count(MILLION / left),
      ];
    });
  });
  return table(
    [
      'lost at once',
      'clients that come back',
      'their tokens are',
      'handshakes/s of a gateway',
      'all back after, at least',
      'clients of a gateway then',
    ],
    rows,
  );
}
