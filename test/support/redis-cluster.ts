import { Redis } from 'ioredis';
import { vi } from 'vitest';
import { makeAclUser } from './redis-acl.ts';
import { freePort } from './redis-port.ts';
import type { TlsFiles } from './redis-tls.ts';
import { startRedis, type TestRedis } from './redis.ts';

/** A node of a test's cluster. */
export interface ClusterNode {
  readonly server: TestRedis;
  /** A plain client of this node alone. */
  readonly raw: Redis;
  readonly id: string;
  readonly address: { readonly host: string; readonly port: number };
  /** Where the nodes talk to each other. */
  readonly busPort: number;
}

export interface TestCluster {
  /** Each has a third of the slots, in this order. */
  readonly masters: readonly ClusterNode[];
  /** Of the first master; only if asked for. */
  readonly replica: ClusterNode | null;
  /** The master whose slots a key's slot is among at the start. */
  masterOf(slot: number): ClusterNode;
  stop(): Promise<void>;
}

const SLOTS = 16_384;
/** A node that is silent for this long counts as failed. */
const NODE_TIMEOUT_MS = 500;
const READY = { timeout: 15_000, interval: 20 };

export interface ClusterOptions {
  /** Of the first master. */
  readonly withReplica?: boolean;
  /** With them the nodes talk to each other over TLS only, and their `address` is that for TLS. */
  readonly tls?: TlsFiles;
}

/**
 * Starts three masters on 127.0.0.1, each with the documented user, and waits until each of them
 * calls the cluster whole.
 */
export async function startCluster(options: ClusterOptions = {}): Promise<TestCluster> {
  const { withReplica = false, tls } = options;
  const nodes = await Promise.all(
    Array.from({ length: withReplica ? 4 : 3 }, () => startClusterNode(tls)),
  );
  const masters = nodes.slice(0, 3);
  const replica = nodes[3] ?? null;
  const share = Math.ceil(SLOTS / masters.length);
  await Promise.all(
    masters.map(async ({ raw }, index) => {
      const [first, last] = [index * share, Math.min((index + 1) * share, SLOTS) - 1];
      await raw.cluster('ADDSLOTSRANGE', first, last);
      await raw.call('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1));
    }),
  );
  const [first, ...others] = nodes;
  for (const { address, busPort } of others) {
    await first?.raw.call('CLUSTER', 'MEET', address.host, address.port, busPort);
  }
  await vi.waitFor(async () => {
    for (const { raw } of nodes) {
      const info = await raw.cluster('INFO');
      if (!info.includes('cluster_state:ok') || !info.includes(`known_nodes:${nodes.length}`)) {
        throw new Error(`the cluster is not whole yet:\n${info}`);
      }
    }
  }, READY);
  if (replica !== null) await makeReplica(replica, masters[0]);
  return {
    masters,
    replica,
    masterOf: (slot) => masters[Math.floor(slot / share)] as ClusterNode,
    async stop() {
      for (const { raw } of nodes) raw.disconnect();
      await Promise.all(nodes.map(({ server }) => server.stop()));
    },
  };
}

async function startClusterNode(tls: TlsFiles | undefined): Promise<ClusterNode> {
  const tlsPort = await freePort();
  const busPort = await freePort();
  const server = await startRedis({
    args: [
      ...['--cluster-enabled', 'yes', '--cluster-port', String(busPort)],
      ...['--cluster-node-timeout', String(NODE_TIMEOUT_MS)],
      // A shard whose last master is gone must not stop the others.
      ...['--cluster-require-full-coverage', 'no', '--cluster-replica-validity-factor', '0'],
      ...['--repl-diskless-sync-delay', '0'],
      ...(tls === undefined
        ? []
        : [
            ...[...tls.args, '--tls-port', String(tlsPort)],
            ...['--tls-cluster', 'yes', '--tls-replication', 'yes'],
          ]),
    ],
  });
  const raw = new Redis(server.url);
  raw.on('error', () => {
    // Servers are killed on purpose here.
  });
  await makeAclUser(raw, 'cluster');
  const address = { host: '127.0.0.1', port: tls === undefined ? server.port : tlsPort };
  return { server, raw, address, busPort, id: await raw.cluster('MYID') };
}

async function makeReplica({ raw }: ClusterNode, master: ClusterNode | undefined): Promise<void> {
  await vi.waitFor(() => raw.call('CLUSTER', 'REPLICATE', master?.id ?? ''), READY);
  await vi.waitFor(async () => {
    if (!(await raw.info('replication')).includes('master_link_status:up')) {
      throw new Error('the replica has not caught up yet');
    }
  }, READY);
}

/** Moves one slot, with its keys, between two masters that live, as `redis-cli --cluster reshard` does. */
export async function moveSlot(
  cluster: TestCluster,
  slot: number,
  { from, to }: { from: ClusterNode; to: ClusterNode },
): Promise<void> {
  await to.raw.cluster('SETSLOT', slot, 'IMPORTING', from.id);
  await from.raw.cluster('SETSLOT', slot, 'MIGRATING', to.id);
  const keys = await from.raw.cluster('GETKEYSINSLOT', slot, 1_000);
  if (keys.length > 0) {
    const { host, port } = to.address;
    await from.raw.call('MIGRATE', host, port, '', '0', '5000', 'KEYS', ...keys);
  }
  for (const { raw } of [to, from, ...cluster.masters]) {
    await raw.cluster('SETSLOT', slot, 'NODE', to.id);
  }
}
