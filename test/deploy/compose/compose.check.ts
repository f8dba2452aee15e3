import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { BlockList } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { checkSettings } from '../../../src/config/load.ts';
import type { Role } from '../../../src/config/setting.ts';
import { ROOT, runTool, type RunResult } from '../support/run.ts';

const serviceSchema = z.object({
  image: z.string().optional(),
  command: z.array(z.string()).nullish(),
  environment: z.record(z.string(), z.string().nullable()).default({}),
  ports: z
    .array(z.object({ host_ip: z.string(), published: z.string(), target: z.number() }))
    .default([]),
  volumes: z
    .array(z.object({ type: z.string(), source: z.string(), target: z.string() }))
    .default([]),
  stop_grace_period: z.string().optional(),
  read_only: z.boolean().optional(),
  cap_drop: z.array(z.string()).default([]),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).nullish(),
  networks: z
    .record(z.string(), z.object({ ipv4_address: z.string().optional() }).nullable())
    .nullish(),
});
const ipamSchema = z.object({
  config: z.array(z.object({ subnet: z.string(), ip_range: z.string() })).length(1),
});
const projectSchema = z.object({
  services: z.record(z.string(), serviceSchema),
  networks: z.object({ default: z.object({ ipam: ipamSchema }) }),
});
type Service = z.infer<typeof serviceSchema>;

const OWN_IMAGE = 'candlegate:compose';

function read(...parts: string[]): string {
  return readFileSync(path.join(ROOT, ...parts), 'utf8');
}

/** What `.env.example` leaves to be filled in. */
const SECRETS = ['CANDLEGATE_JWT_SECRET', 'REDIS_PASSWORD', 'GRAFANA_PASSWORD'];

/** Loads the file as Docker Compose does, with `.env.example` in which these are filled in. */
async function load(secrets: readonly string[]): Promise<RunResult> {
  const folder = mkdtempSync(path.join(tmpdir(), 'candlegate-compose-'));
  const file = path.join(folder, 'env');
  const text = secrets.reduce((changed, name) => {
    expect(changed).toContain(`\n${name}=\n`);
    return changed.replace(`\n${name}=\n`, `\n${name}=${'x'.repeat(32)}\n`);
  }, read('.env.example'));
  try {
    writeFileSync(file, text);
    return await runTool('compose-config', ['docker-compose.yml', file]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('docker-compose.yml', () => {
  let services: Record<string, Service>;
  let networks: z.infer<typeof projectSchema>['networks'];

  beforeAll(async () => {
    // The loader of Docker Compose itself: schema, interpolation and consistency.
    const { code, stdout, stderr } = await load(SECRETS);
    expect([code, stderr]).toEqual([0, '']);
    ({ services, networks } = projectSchema.parse(JSON.parse(stdout)));
  });

  const own = () => Object.entries(services).filter(([, { image }]) => image === OWN_IMAGE);
  const roleOf = ({ command }: Service) => command?.[0] as Role;

  it('does not start with a key or a password that nobody filled in', async () => {
    for (const name of SECRETS) {
      const others = SECRETS.filter((each) => each !== name);
      const { code, stderr } = await load(others);
      expect(code).not.toBe(0);
      expect(stderr).toContain(name);
    }
  });

  it('has two ingest workers, two gateways, and everything around them', () => {
    expect(Object.keys(services).sort()).toEqual([
      'gateway-a',
      'gateway-b',
      'grafana',
      'ingest-a',
      'ingest-b',
      'jaeger',
      'prometheus',
      'proxy',
      'redis',
      'simulator',
    ]);
    expect(own().map(([, service]) => roleOf(service))).toEqual([
      'gateway',
      'gateway',
      'ingest',
      'ingest',
      'simulator',
    ]);
  });

  it('gives each role variables that the program takes', () => {
    for (const [name, service] of own()) {
      const env = Object.fromEntries(
        Object.entries(service.environment).map(([key, value]) => [key, value ?? undefined]),
      );
      const { mistakes } = checkSettings({ role: roleOf(service), env });
      expect([name, mistakes]).toEqual([name, []]);
    }
  });

  it('takes the variables of the simulator, too, as .env.example names them', () => {
    const commented = [...read('.env.example').matchAll(/^#(CANDLEGATE_\w+)=(.*)$/gm)];
    expect(commented.length).toBe(3);
    const changes = Object.fromEntries(commented.map(([, name = '', value = '']) => [name, value]));
    for (const [, service] of own().filter(([, each]) => roleOf(each) === 'ingest')) {
      const env = { ...service.environment, ...changes } as Record<string, string>;
      expect(checkSettings({ role: 'ingest', env }).mistakes).toEqual([]);
    }
    expect(changes['CANDLEGATE_BYBIT_REST_URL']).toBe('http://simulator:8090');
  });

  it('mounts what is there', () => {
    const binds = Object.values(services).flatMap(({ volumes }) =>
      volumes.filter(({ type }) => type === 'bind').map(({ source }) => source),
    );
    expect(binds.length).toBeGreaterThan(4);
    for (const source of binds)
      expect([source, existsSync(path.resolve(ROOT, source))]).toEqual([source, true]);
    const config = binds.find((source) => source.endsWith('prometheus.yml')) ?? '';
    expect(statSync(config).isFile()).toBe(true);
  });

  it('publishes on loopback only, never an admin port, each port from .env.example', () => {
    const example = read('.env.example');
    for (const { ports } of Object.values(services)) {
      for (const { host_ip, published, target } of ports) {
        expect(host_ip).toBe('127.0.0.1');
        expect(target).not.toBe(9464);
        expect(example).toMatch(new RegExp(`^\\w+_PORT=${published}$`, 'm'));
      }
    }
  });

  it('takes nothing from outside that .env.example does not have, and the other way round', () => {
    const used = [...read('docker-compose.yml').matchAll(/\$\{(\w+)/g)].map(([, name]) => name);
    const given = [...read('.env.example').matchAll(/^(\w+)=/gm)].map(([, name]) => name);
    expect([...new Set(used)].sort()).toEqual([...new Set(given)].sort());
  });

  it('hardens the program, and gives a gateway longer than its drain', () => {
    for (const [, service] of own()) {
      expect(service.read_only).toBe(true);
      expect(service.cap_drop).toEqual(['ALL']);
      if (roleOf(service) !== 'gateway') continue;
      const env = service.environment as Record<string, string>;
      const { drainDeadlineMs } = checkSettings({ role: 'gateway', env }).values;
      const grace = Number(/^(\d+)s$/.exec(service.stop_grace_period ?? '')?.[1]) * 1000;
      expect(grace).toBeGreaterThan(drainDeadlineMs);
    }
  });

  it('tells proxy, Prometheus and Grafana of services and ports that are there', () => {
    const ports: Record<string, readonly string[]> = {
      gateway: ['8000', '9464'],
      ingest: ['9464'],
    };
    const known = new Set([
      ...own().flatMap(([name, service]) =>
        (ports[roleOf(service)] ?? []).map((port) => `${name}:${port}`),
      ),
      'prometheus:9090',
      'jaeger:16686',
    ]);
    const prometheus = parse(read('compose', 'prometheus.yml')) as {
      scrape_configs: { static_configs: { targets: string[] }[] }[];
    };
    const targets = prometheus.scrape_configs.flatMap(({ static_configs: configs }) =>
      configs.flatMap((each) => each.targets),
    );
    const grafana = parse(
      read('compose', 'grafana', 'provisioning', 'datasources', 'datasources.yml'),
    ) as { datasources: { url: string }[] };
    const addresses = [
      ...[...read('compose', 'haproxy.cfg').matchAll(/^ {2}server \S+ (\S+)/gm)].map(
        ([, to]) => to,
      ),
      ...targets.filter((target) => !target.startsWith('localhost:')),
      ...grafana.datasources.map(({ url }) => new URL(url).host),
    ];
    expect(addresses.length).toBe(2 + 4 + 2);
    for (const address of addresses) expect(known).toContain(address);
    expect(read('compose', 'haproxy.cfg')).toContain('check port 9464');
    const scraped = own().filter(([, service]) => roleOf(service) !== 'simulator');
    expect(targets).toEqual(expect.arrayContaining(scraped.map(([name]) => `${name}:9464`)));
  });

  it('has gateways believe the proxy alone about clients, at an address that no other container gets', () => {
    const proxy = services['proxy']?.networks?.['default']?.ipv4_address ?? '';
    const inNetwork = (name: string, address: string, network: string) => {
      const [base = '', bits] = network.split('/');
      const list = new BlockList();
      list.addSubnet(base, Number(bits));
      return [name, list.check(address)];
    };
    const { subnet = '', ip_range: ofOthers = '' } = networks.default.ipam.config[0] ?? {};
    expect(inNetwork('subnet', proxy, subnet)).toEqual(['subnet', true]);
    expect(inNetwork('others', proxy, ofOthers)).toEqual(['others', false]);
    for (const name of ['gateway-a', 'gateway-b']) {
      expect(services[name]?.environment['CANDLEGATE_TRUSTED_PROXIES']).toBe(proxy);
    }
    for (const [name, { networks: own }] of Object.entries(services)) {
      if (name !== 'proxy') expect(own?.['default']?.ipv4_address).toBeUndefined();
    }
  });

  it('waits for Redis before anything else', () => {
    for (const [, { depends_on: needed, command }] of own()) {
      if (command?.[0] === 'simulator') continue;
      expect(needed?.['redis']?.condition).toBe('service_healthy');
    }
  });
});
