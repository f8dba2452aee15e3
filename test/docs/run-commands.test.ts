import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { buildCli } from '../support/built-cli.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { startRedis } from '../support/redis.ts';
import { startRole, TEST_SECRET } from '../support/role-process.ts';
import { readDocument } from './documents.ts';
import { shell, type ShellRun } from './shell.ts';

/** A port of this machine where nobody listens: the exchange is out of reach. */
const NOWHERE = '127.0.0.1:9';

/** The block of a document that begins so, as it stands there. */
function block(file: string, start: string): string {
  const found = readDocument(file).commands.filter(({ text }) => text.startsWith(start));
  expect(found).toHaveLength(1);
  return found[0]?.text ?? '';
}

/** Puts free ports into the place of those that the document names. */
async function withFreePorts(text: string, ports: readonly number[]): Promise<[string, number[]]> {
  const free: number[] = [];
  let changed = text;
  for (const port of ports) {
    const another = await freePort();
    expect(changed).toContain(String(port));
    changed = changed.replaceAll(String(port), String(another));
    free.push(another);
  }
  return [changed, free];
}

const running: ShellRun[] = [];
function run(...args: Parameters<typeof shell>): ShellRun {
  const started = shell(...args);
  running.push(started);
  return started;
}
afterEach(async () => {
  await Promise.all(running.splice(0).map((started) => started.stop()));
});
beforeAll(buildCli);
// Whole processes start, one after the other.
vi.setConfig({ testTimeout: 60_000 });

/** What `candlegate stream` prints of an update or a close. */
const isCandle = (line: string): boolean => /\bcandles:BTCUSDT:1 .*\d\s+(open|closed)\b/.test(line);
/** The line of the banner that streams. */
const isStreamLine = (line: string): boolean => /^node \S+cli\.js stream /.test(line);

describe('README.md', () => {
  it('Try it: starts, prints an address, a token and a line that streams candles', async () => {
    const commands = block('README.md', 'npm ci && npm start').replace('npm ci && ', '');
    const started = run(commands, {
      CANDLEGATE_PORT: String(await freePort()),
      CANDLEGATE_ADMIN_PORT: '0',
      CANDLEGATE_BYBIT_WS_URL: `ws://${NOWHERE}/v5/public/linear`,
      CANDLEGATE_BYBIT_REST_URL: `http://${NOWHERE}`,
      CANDLEGATE_DRAIN_WINDOW_MS: '200',
    });
    const page = await started.line((line) => line.trim().startsWith('Page'));
    const answer = await fetch(/http:\S+/.exec(page)?.[0] ?? '');
    expect(await answer.text()).toContain('<title>');
    const stream = await started.line(isStreamLine);
    await run(stream).line(isCandle);
  });

  it('Run it: ingest and a gateway with Redis between them, and a stream of two channels', async () => {
    const redis = await startRedis();
    try {
      const text = block('README.md', 'npm run build')
        .replace('redis://127.0.0.1:6379', redis.url)
        .replace('JWT_SECRET=…', `JWT_SECRET='${TEST_SECRET}'`)
        // As in a terminal, where somebody waits for the gateway before pasting the last line.
        .replace('node dist/cli.js stream', 'sleep 3\nnode dist/cli.js stream');
      const [commands] = await withFreePorts(text, [8000, 9465]);
      const simulator = startRole(['simulator', '--port', '0']);
      const { port } = await simulator.logged(({ msg }) => msg.includes('listens'));
      const started = run(commands, {
        CANDLEGATE_BYBIT_WS_URL: `ws://127.0.0.1:${String(port)}/v5/public/linear`,
        CANDLEGATE_BYBIT_REST_URL: `http://127.0.0.1:${String(port)}`,
        // Of ingest: its usual one may be in use on this machine.
        CANDLEGATE_ADMIN_PORT: '0',
        CANDLEGATE_DRAIN_WINDOW_MS: '200',
      });
      await started.line(isCandle);
      await started.line((line) => line.includes('candles:ETHUSDT:5 '));
      await started.stop();
      await simulator.stop();
    } finally {
      await redis.stop();
    }
  });
});

describe('docs/faults.md', () => {
  it('prints the schedule of a run', async () => {
    const [, plan = ''] = block('docs/faults.md', 'npm run test:faults').split('\n');
    const started = run(plan);
    expect(await started.ended).toBe(0);
    expect(started.lines.join('\n')).toMatch(/leader|Redis/);
  });
});

describe('docs/simulator.md and docs/operations.md', () => {
  it('starts a simulated exchange and switches faults on', async () => {
    const [start, [port]] = await withFreePorts(
      block('docs/simulator.md', 'node dist/cli.js simulator'),
      [8090],
    );
    await run(start).line((line) => line.includes('listens'));
    const curl = block('docs/simulator.md', "curl -H 'Content-Type").replaceAll(
      '8090',
      String(port),
    );
    const faults = run(curl.replaceAll('curl ', 'curl -fsS '));
    expect(await faults.ended).toBe(0);
    expect(faults.lines.join('\n')).toContain('"malformed":0.05');
  });

  it('lists connections, and lets a client break its own', async () => {
    const [port, adminPort] = [await freePort(), await freePort()];
    const env = {
      CANDLEGATE_JWT_SECRET: TEST_SECRET,
      CANDLEGATE_PORT: String(port),
      CANDLEGATE_ADMIN_PORT: String(adminPort),
      CANDLEGATE_BYBIT_WS_URL: `ws://${NOWHERE}/v5/public/linear`,
      CANDLEGATE_BYBIT_REST_URL: `http://${NOWHERE}`,
      CANDLEGATE_DRAIN_WINDOW_MS: '200',
    };
    const gateway = run('node dist/cli.js standalone', env);
    const banner = await gateway.line(isStreamLine);
    await run(banner).line(isCandle);

    const list = block('docs/operations.md', '# Who is connected')
      .replaceAll('9464', String(adminPort))
      .replace('alice', 'developer');
    const connection = await eventually(async () => {
      const listed = run(list);
      await listed.ended;
      const [, id] = /"connection":\s*"([^"]+)"/.exec(listed.lines.join('')) ?? [];
      if (id === undefined) throw new Error(listed.lines.join('\n'));
      return id;
    }, 5000);
    const breaking = block('docs/simulator.md', 'curl -X POST').replaceAll('8000', String(port));
    const token = /--token (\S+)/.exec(banner)?.[1] ?? '';
    const broken = run(breaking, { TOKEN: token, CONNECTION: connection });
    await broken.ended;
    expect(broken.lines.join('\n')).toContain('"fault":"drop"');

    const ends = block('docs/operations.md', '# Ends connections')
      .replaceAll('9464', String(adminPort))
      .replace('alice', 'developer');
    const ended = run(ends);
    await ended.ended;
    expect(ended.lines.join('\n')).toContain('disconnected');
  });
});
