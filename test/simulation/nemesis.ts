import { EMPTY_DATA } from './redis/redis-server.ts';
import type { World } from './world.ts';

/** A fault that begins now and ends by itself. @returns what it did, for the trace */
type Fault = (world: World) => string;

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;

function later(world: World, ms: number, what: string, run: () => void): void {
  world.scheduler.schedule(ms, null, () => {
    world.note(what);
    run();
  });
}

/** Sets some values of an object, and what they were after a while. */
function change<T extends object>(world: World, target: T, values: Partial<T>, ms: number): void {
  const before = Object.fromEntries(
    Object.keys(values).map((key) => [key, target[key as keyof T]]),
  ) as Partial<T>;
  Object.assign(target, values);
  world.scheduler.schedule(ms, null, () => Object.assign(target, before));
}

function pickWorker(world: World) {
  const { random, workers } = world;
  const leader = workers.find((worker) => worker.isLeading);
  return leader !== undefined && random.chance(0.6) ? leader : random.pick(workers);
}

const exchangeFaults: readonly Fault[] = [
  (world) => {
    const worker = pickWorker(world);
    worker.stream?.drop();
    return `${worker.name}: stream dropped`;
  },
  (world) => {
    for (const worker of world.workers) worker.stream?.drop();
    const ms = world.random.between(100, 5_000);
    change(world, world.exchange, { isStreamDown: true }, ms);
    return `exchange: streams down for ${seconds(ms)}`;
  },
  (world) => {
    const worker = pickWorker(world);
    const ms = world.random.between(500, 4_000);
    worker.stream?.mute(ms);
    return `${worker.name}: stream silent for ${seconds(ms)}`;
  },
  (world) => {
    const ms = world.random.between(500, 4_000);
    change(world, world.exchange, { isRestDown: true }, ms);
    return `exchange: REST down for ${seconds(ms)}`;
  },
  (world) => {
    const ms = world.random.between(500, 4_000);
    change(world, world.exchange, { restFailure: 0.4, restHang: 0.1 }, ms);
    return `exchange: REST unreliable for ${seconds(ms)}`;
  },
  (world) => {
    const ms = world.random.between(500, 4_000);
    change(world, world.exchange, { rowLate: 0.7, frameLoss: 0.5 }, ms);
    return `exchange: rows late in REST, frames lost for ${seconds(ms)}`;
  },
  (world) => {
    const ms = world.random.between(500, 4_000);
    const historyLagMs = world.random.between(200, 3_000);
    change(world, world.exchange, { historyLagMs, frameLoss: 0.5 }, ms);
    return `exchange: REST lags by ${seconds(historyLagMs)}, frames lost for ${seconds(ms)}`;
  },
  (world) => {
    const { random } = world;
    const ms = random.between(500, 4_000);
    const values = { frameLoss: 0.5, frameDelay: 0.3, frameRepeat: 0.3 };
    change(world, world.exchange, values, ms);
    return `exchange: frames lost, late and repeated for ${seconds(ms)}`;
  },
];

const ingestFaults: readonly Fault[] = [
  (world) => {
    const worker = pickWorker(world);
    const ms = world.random.between(0, 4_000);
    worker.kill();
    later(world, ms, `${worker.name} starts`, () => worker.start());
    return `${worker.name} killed, for ${seconds(ms)}`;
  },
  (world) => {
    const worker = pickWorker(world);
    const ms = world.random.between(100, 6_000);
    const { process } = worker;
    process?.freeze();
    later(world, ms, `${worker.name} thaws`, () => process?.thaw());
    return `${worker.name} frozen for ${seconds(ms)}`;
  },
  (world) => {
    const worker = pickWorker(world);
    const ms = world.random.between(500, 4_000);
    worker.stop();
    later(world, ms, `${worker.name} starts`, () => worker.start());
    return `${worker.name} stops in order, for ${seconds(ms)}`;
  },
  (world) => {
    const ms = world.random.between(0, 5_000);
    for (const worker of world.workers) {
      worker.kill();
      later(world, ms, `${worker.name} starts`, () => worker.start());
    }
    return `both workers killed, for ${seconds(ms)}`;
  },
];

const redisFaults: readonly Fault[] = [
  (world) => {
    const { random, network } = world;
    const server = network.master;
    if (server === null) return 'redis is down already';
    const kept = random.pick(['all', 'a snapshot', 'nothing'] as const);
    const writes = random.int(1, 30);
    const data = {
      all: server.data,
      'a snapshot': server.dataBefore(writes),
      nothing: EMPTY_DATA,
    }[kept];
    const ms = random.between(50, 4_000);
    world.killServer(server);
    later(world, ms, `redis starts with ${kept}`, () => {
      if (network.master === null) world.startMaster(data);
    });
    return `redis killed, for ${seconds(ms)}`;
  },
  (world) => {
    world.network.master?.flush();
    return 'redis flushed';
  },
  (world) => {
    const { random, network } = world;
    const old = network.master;
    if (old === null) return 'redis is down already';
    const writes = random.int(0, 20);
    const lives = random.chance(0.4);
    const ms = random.between(0, 2_500);
    const data = old.dataBefore(writes);
    if (lives) {
      // The old master does not know yet: whoever is connected goes on there.
      world.startMaster(data);
      later(world, ms, 'the old master is demoted', () => world.killServer(old));
      return `replica promoted, ${writes} writes behind; the old master lives on for ${seconds(ms)}`;
    }
    world.killServer(old);
    later(world, ms, `a replica ${writes} writes behind is promoted`, () => {
      if (network.master === null) world.startMaster(data);
    });
    return 'the master is gone';
  },
  (world) => {
    const server = world.network.master;
    const ms = world.random.between(100, 5_000);
    server?.process.freeze();
    later(world, ms, 'redis thaws', () => server?.process.thaw(world.random));
    return `redis frozen for ${seconds(ms)}`;
  },
  (world) => {
    const { random, network } = world;
    const { name } = random.pick([...world.workers, ...world.gateways]);
    const ms = random.between(100, 6_000);
    network.cutOff(name);
    later(world, ms, `${name} reaches redis again`, () => network.rejoin(name));
    return `${name} cut off from redis for ${seconds(ms)}`;
  },
  (world) => {
    const { random, network } = world;
    const { name } = random.pick([...world.workers, ...world.gateways]);
    network.breakConnections(name);
    return `${name}: connections to redis break`;
  },
  (world) => {
    const ms = world.random.between(500, 4_000);
    const latency = { minMs: 5, meanExtraMs: world.random.between(20, 400) };
    change(world, world.network, { latency }, ms);
    return `redis slow (${Math.round(latency.meanExtraMs)} ms) for ${seconds(ms)}`;
  },
  (world) => {
    const ms = world.random.between(500, 4_000);
    change(world, world, { messageLoss: 0.5 }, ms);
    return `redis loses published messages for ${seconds(ms)}`;
  },
];

const gatewayFaults: readonly Fault[] = [
  (world) => {
    const gateway = world.random.pick(world.gateways);
    const ms = world.random.between(0, 4_000);
    gateway.kill();
    later(world, ms, `${gateway.name} starts`, () => gateway.start());
    return `${gateway.name} killed, for ${seconds(ms)}`;
  },
  (world) => {
    const gateway = world.random.pick(world.gateways);
    const ms = world.random.between(100, 5_000);
    const { process } = gateway;
    process?.freeze();
    later(world, ms, `${gateway.name} thaws`, () => process?.thaw());
    return `${gateway.name} frozen for ${seconds(ms)}`;
  },
  (world) => {
    const gateway = world.random.pick(world.gateways);
    const ms = world.random.between(1_500, 4_000);
    gateway.drain();
    later(world, ms, `${gateway.name} starts`, () => gateway.start());
    return `${gateway.name} drains, gone for ${seconds(ms)}`;
  },
];

const clientFaults: readonly Fault[] = [
  (world) => {
    const client = world.random.pick(world.clients);
    const ms = world.random.between(100, 9_000);
    client.pause(ms);
    return `${client.name} stops reading for ${seconds(ms)}`;
  },
  (world) => {
    const client = world.random.pick(world.clients);
    client.deps.process.after(0, () => client.reconnect());
    return `${client.name} reconnects`;
  },
  (world) => {
    const client = world.random.pick(world.clients);
    client.deps.process.after(0, () => client.resubscribe());
    return `${client.name} subscribes again`;
  },
  (world) => {
    const ms = world.random.between(500, 4_000);
    const clientLatency = { minMs: 10, meanExtraMs: world.random.between(20, 300) };
    change(world, world, { clientLatency }, ms);
    return `clients are far away for ${seconds(ms)}`;
  },
];

const clockFaults: readonly Fault[] = [
  (world) => {
    const { random } = world;
    const node = random.pick([...world.workers, ...world.gateways]);
    const ms = random.pick([-3_600_000, -30_000, -2_000, 2_000, 30_000, 3_600_000]);
    if (node.process !== null) node.process.clockSkewMs += ms;
    return `the clock of ${node.name} is set by ${seconds(ms)}`;
  },
];

const KINDS = [
  exchangeFaults,
  ingestFaults,
  redisFaults,
  redisFaults,
  gatewayFaults,
  clientFaults,
  clockFaults,
];

/** Faults at random moments, several at once as it may be; all of them end by themselves or by `heal`. */
export function scheduleFaults(world: World): void {
  const { random, plan, scheduler, setsClocks } = world;
  const kinds = setsClocks ? [...KINDS, clockFaults] : KINDS;
  for (let count = 0; count < plan.faults; count += 1) {
    scheduler.schedule(random.between(500, plan.faultMs), null, () => {
      world.note(random.pick(random.pick(kinds))(world));
    });
  }
}

/**
 * The market is at rest and everybody has everything: now Redis forgets and the gateways start anew. A
 * client that comes only then must be given everything all the same.
 */
export function finale(world: World): void {
  const { network, plan, random } = world;
  const { master } = network;
  world.note(`finale: ${plan.finale}`);
  if (master !== null && plan.finale === 'flush') master.flush();
  if (master !== null && plan.finale === 'promotion') {
    const data = master.dataBefore(random.int(1, 20));
    world.killServer(master);
    world.startMaster(data);
  }
  for (const gateway of world.gateways) {
    gateway.kill();
    gateway.start();
  }
  world.addClient();
}
