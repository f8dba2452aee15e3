import { ReferenceClient } from '../faults/reference-client.ts';
import { startRig, type Rig } from '../faults/rig.ts';
import { eventually } from '../support/eventually.ts';
import { startPrometheus, type TestPrometheus } from '../support/prometheus.ts';
import { adminAddress, startRole, type RoleProcess } from '../support/role-process.ts';
import { testToken } from '../support/tokens.ts';

export interface DeploymentOptions {
  /** Text of rule files for Prometheus. */
  readonly rules?: readonly string[];
  /** Clients of each gateway. */
  readonly clients: readonly [number, number];
}

/** The whole product as processes, scraped by a real Prometheus. */
export interface Deployment {
  readonly rig: Rig;
  readonly prometheus: TestPrometheus;
  readonly token: string;
  readonly clients: readonly ReferenceClient[];
  /** A client of one gateway through a link of its own choice; it ends with the deployment. */
  client(port: number): ReferenceClient;
  /**
   * So many clients of one gateway that stop reading once they are connected; the gateway gives up on
   * them after half a minute. @returns lets them leave
   */
  slowClients(gateway: 0 | 1, count: number): Promise<() => void>;
  /**
   * Starts another process beside the rig's, with the rig's settings of that role but for `env`.
   *
   * @param instance its name in Prometheus
   */
  extra(
    role: 'ingest' | 'gateway',
    instance: string,
    env?: Readonly<Record<string, string>>,
  ): Promise<RoleProcess>;
  /** Ends such a process. */
  retire(instance: string): Promise<void>;
  /** Tells Prometheus where the processes are now: one that was started again has another port. */
  rescrape(): Promise<void>;
  /** Until Prometheus has scraped everything that runs. */
  scraped(): Promise<void>;
  stop(): Promise<void>;
}

const SEED = 6;
/** The exchange's clock is ours, so that latencies mean something. */
const SPEED = 1;
const SYMBOLS = ['BTCUSDT', 'ETHUSDT', 'SOLUSDT'];
const INTERVALS = ['1', '5'];
const SCRAPE_SECONDS = 1;
const STEADY_TIMEOUT_MS = 60_000;

export async function startDeployment(options: DeploymentOptions): Promise<Deployment> {
  const rig = await startRig({
    seed: SEED,
    speed: SPEED,
    symbols: SYMBOLS,
    intervals: INTERVALS,
    storeMode: 'single',
  });
  const prometheus = await startPrometheus({
    intervalSeconds: SCRAPE_SECONDS,
    rules: options.rules ?? [],
  });
  const token = await testToken();
  const clients: ReferenceClient[] = [];
  const extras = new Map<string, { readonly role: string; readonly life: RoleProcess }>();

  const deployment: Deployment = {
    rig,
    prometheus,
    token,
    clients,
    client(port) {
      const made = new ReferenceClient({
        name: `client-${clients.length}`,
        token,
        channels: rig.channels,
        gateway: () => `ws://127.0.0.1:${port}`,
        random: Math.random,
      });
      clients.push(made);
      made.start();
      return made;
    },
    async slowClients(gateway, count) {
      const { port } = rig.links.gatewayToClients[gateway];
      const slow = Array.from({ length: count }, () => deployment.client(port));
      await eventually(() => {
        if (slow.some(({ receipts }) => receipts.length === 0)) throw new Error('not connected');
      }, STEADY_TIMEOUT_MS);
      for (const each of slow) each.pause();
      return () => {
        for (const each of slow) each.leave('terminate');
      };
    },
    async extra(role, instance, env = {}) {
      const life = startRole([role], { ...rig.env[role], ...env });
      extras.set(instance, { role, life });
      await life.logged(({ msg }) => msg === 'admin port listens');
      await deployment.rescrape();
      return life;
    },
    async retire(instance) {
      const extra = extras.get(instance);
      extras.delete(instance);
      await deployment.rescrape();
      await extra?.life.stop('SIGKILL');
    },
    async rescrape() {
      const members = [...rig.ingests, ...rig.gateways].map(({ name, admin }) => ({
        job: `candlegate-${name.split('-')[0] ?? ''}`,
        instance: name,
        address: new URL(admin).host,
      }));
      const others = [...extras].map(async ([instance, { role, life }]) => ({
        job: `candlegate-${role}`,
        instance,
        address: new URL(await adminAddress(life)).host,
      }));
      await prometheus.scrape([...members, ...(await Promise.all(others))]);
    },
    scraped: () =>
      eventually(async () => {
        const up = await prometheus.query('up');
        const down = up.filter(({ value }) => value !== 1).map(({ labels }) => labels['instance']);
        const expected = rig.ingests.length + rig.gateways.length + extras.size;
        if (up.length < expected || down.length > 0) {
          throw new Error(
            `of ${expected} processes ${up.length} are scraped, down: ${down.join()}`,
          );
        }
      }, STEADY_TIMEOUT_MS),
    async stop() {
      for (const client of clients) client.leave('terminate');
      for (const { life } of extras.values()) {
        life.signal('SIGCONT');
        life.signal('SIGKILL');
      }
      await Promise.all([rig.close(), prometheus.stop()]);
    },
  };
  try {
    await deployment.rescrape();
    options.clients.forEach((count, index) => {
      const port = rig.links.gatewayToClients[index === 0 ? 0 : 1].port;
      for (let each = 0; each < count; each += 1) deployment.client(port);
    });
    await deployment.scraped();
    return deployment;
  } catch (error) {
    await deployment.stop();
    throw error;
  }
}

/** Environment that makes a process's clock go wrong: its wall clock is ahead by so much, or behind. */
export function wrongClock(aheadMs: number): Record<string, string> {
  const script = `const now = Date.now; Date.now = () => now() + ${aheadMs};`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(script)}` };
}

interface Freezable {
  freeze(): void;
  thaw(): void;
}

/**
 * Takes most of its time from a process: it is stopped for `stoppedMs` again and again, as a quota of
 * the kernel's CPU controller does it. @returns ends that
 */
export function starve(target: Freezable, stoppedMs: number, runningMs = 100): () => void {
  let timer: NodeJS.Timeout;
  const stop = (): void => {
    target.freeze();
    timer = setTimeout(go, stoppedMs);
  };
  const go = (): void => {
    target.thaw();
    timer = setTimeout(stop, runningMs);
  };
  stop();
  return () => {
    clearTimeout(timer);
    target.thaw();
  };
}
