import { eventually } from '../support/eventually.ts';
import { Exchange } from './exchange.ts';
import { Member } from './member.ts';
import { quietPort } from './quiet-port.ts';
import { startStore, type Store, type StoreMode } from './store.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';

export interface RigOptions {
  readonly seed: number;
  /** At 60 a one-minute candle closes every second. */
  readonly speed: number;
  readonly symbols: readonly string[];
  readonly intervals: readonly string[];
  readonly storeMode: StoreMode;
}

export type Pair<T> = readonly [T, T];

/** The whole product as processes, with a link that can be spoilt between each two. */
export interface Rig {
  readonly channels: readonly string[];
  readonly exchange: Exchange;
  readonly store: Store;
  readonly simulator: Member;
  readonly ingests: Pair<Member>;
  readonly gateways: Pair<Member>;
  readonly links: {
    readonly simulatorToIngest: Pair<TcpProxy>;
    readonly ingestToRedis: Pair<TcpProxy>;
    readonly redisToGateway: Pair<TcpProxy>;
    readonly gatewayToClients: Pair<TcpProxy>;
  };
  /** What the first process of each role was given; what was not set is not in it. */
  readonly env: Readonly<Record<'ingest' | 'gateway', Readonly<Record<string, string>>>>;
  /** Which of the two ingest workers leads, by its own word. */
  leader(): 0 | 1;
  members(): readonly Member[];
  /** Puts off what part of a fault stays until everything else has healed. */
  readonly afterHealing: (task: () => Promise<void> | void) => void;
  /** Does what was put off; with sentinels, until a failover has somewhere to go again. */
  mend(): Promise<void>;
  /** Ends everything, also what is frozen. */
  close(): Promise<void>;
}

const STALL_MS = 2_500;
const HEARTBEAT_MS = 1_000;
const MEND_TIMEOUT_MS = 30_000;

export async function startRig(options: RigOptions): Promise<Rig> {
  const { seed, speed, symbols, intervals } = options;
  const started: { killNow(): void }[] = [];
  const killAll = () => {
    for (const each of started) each.killNow();
  };
  process.once('exit', killAll);

  const feed = {
    CANDLEGATE_SYMBOLS: symbols.join(','),
    CANDLEGATE_LOG_FORMAT: 'json',
  };
  const simulator = member(
    'simulator',
    ['simulator'],
    {
      ...feed,
      CANDLEGATE_SIMULATOR_PORT: '0',
      CANDLEGATE_SIMULATOR_SEED: String(seed),
      CANDLEGATE_SIMULATOR_SPEED: String(speed),
    },
    /^simulator listens$/,
  );
  const store = await startStore(options.storeMode);
  const gatewayPorts = await pairOf(quietPort);
  await simulator.start();
  const { ws, rest } = await simulator.life.logged(({ msg }) => msg === 'simulator listens');
  const { port: simulatorPort, pathname } = new URL(String(ws));
  const exchange = new Exchange(String(rest), speed);

  const { port: storePort } = await store.master();
  const links = {
    simulatorToIngest: await pairOf(() => startTcpProxy(() => Number(simulatorPort))),
    ingestToRedis: await pairOf(() => startTcpProxy(() => storePort)),
    redisToGateway: await pairOf(() => startTcpProxy(() => storePort)),
    gatewayToClients: await pairOf((index) => startTcpProxy(() => gatewayPorts[index])),
  };
  const common = {
    ...feed,
    CANDLEGATE_FEED: 'simulator',
    CANDLEGATE_INTERVALS: intervals.join(','),
  };
  const ingestEnv = (index: 0 | 1) => ({
    ...common,
    CANDLEGATE_BYBIT_WS_URL: `ws://127.0.0.1:${links.simulatorToIngest[index].port}${pathname}`,
    CANDLEGATE_BYBIT_REST_URL: `http://127.0.0.1:${links.simulatorToIngest[index].port}`,
    ...store.env(() => links.ingestToRedis[index].port),
    CANDLEGATE_STALL_MS: String(STALL_MS),
  });
  const gatewayEnv = (index: 0 | 1) => ({
    ...common,
    ...store.env(() => links.redisToGateway[index].port),
    CANDLEGATE_HEARTBEAT_MS: String(HEARTBEAT_MS),
  });
  const ingests = await pairOf((index) =>
    member(`ingest-${index}`, ['ingest'], ingestEnv(index), /^admin port listens$/),
  );
  const gateways = await pairOf((index) =>
    member(
      `gateway-${index}`,
      ['gateway'],
      { ...gatewayEnv(index), CANDLEGATE_PORT: String(gatewayPorts[index]) },
      /^gateway listens$/,
    ),
  );
  await Promise.all([...ingests, ...gateways].map((each) => each.start()));
  await exchange.readClock();
  const postponed: (() => Promise<void> | void)[] = [];

  return {
    channels: symbols.flatMap((symbol) =>
      intervals.map((interval) => `candles:${symbol}:${interval}`),
    ),
    exchange,
    store,
    simulator,
    ingests,
    gateways,
    links,
    env: { ingest: ingestEnv(0), gateway: gatewayEnv(0) },
    leader() {
      const [first, second] = ingests.map((ingest) => {
        const newest = ingest.said(LEADS, LEADS_NO_MORE).at(-1);
        return newest?.msg === LEADS && ingest.isRunning ? newest.time : -1;
      }) as [number, number];
      return first >= second ? 0 : 1;
    },
    members: () => [simulator, ...ingests, ...gateways],
    afterHealing: (task) => void postponed.push(task),
    async mend() {
      for (const task of postponed.splice(0)) await task();
      if (store.mode === 'single') return;
      await eventually(async () => {
        if (!(await store.hasReplica())) throw new Error('no replica follows the master');
      }, MEND_TIMEOUT_MS);
    },
    async close() {
      killAll();
      process.off('exit', killAll);
      await store.stop();
      await Promise.all(
        Object.values(links)
          .flat()
          .map((link) => link.close()),
      );
    },
  };

  function member(...args: ConstructorParameters<typeof Member>): Member {
    const made = new Member(...args);
    started.push(made);
    return made;
  }
}

/** What a worker writes when its turn as leader begins. */
export const LEADS = 'this worker leads';
const LEADS_NO_MORE = 'this worker does not lead any more';

async function pairOf<T>(make: (index: 0 | 1) => T | Promise<T>): Promise<Pair<T>> {
  return [await make(0), await make(1)];
}
