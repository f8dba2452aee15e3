import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildCli } from '../../support/built-cli.ts';
import { connect } from '../../support/recording-client.ts';
import { TEST_SECRET } from '../../support/role-process.ts';
import { testToken } from '../../support/tokens.ts';
import { output, ROOT, runTool } from '../support/run.ts';
import { buildImage, type BuiltImage, type MountedImage } from './buildah.ts';
import { endSandboxes, runInImage } from './sandbox.ts';

/** What the image may add to its base. */
const MAX_ADDED_MB = 60;
/** What the build takes of a checkout. */
const BUILT_FROM = [
  ...['Dockerfile', '.dockerignore', 'package.json', 'package-lock.json', '.npmrc'],
  ...['tsconfig.json', 'tsconfig.build.json', 'tsconfig.client.json', 'scripts', 'src'],
];
/** A port of this machine where nobody listens: the exchange is out of reach. */
const NOWHERE = '127.0.0.1:9';

interface LockFile {
  readonly packages: Readonly<
    Record<string, { readonly version?: string; readonly dev?: boolean; readonly name?: string }>
  >;
}

/** Every file below a folder, relative to it. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort();
}

async function megabytes(folder: string): Promise<number> {
  const [bytes = ''] = (await output('du', ['-sb', folder])).split('\t');
  return Number(bytes) / 1e6;
}

describe('the Dockerfile', () => {
  it('has no findings of hadolint', async () => {
    const { code, stdout } = await runTool('hadolint', ['Dockerfile']);
    expect(stdout).toBe('');
    expect(code).toBe(0);
  });
});

describe('the image', () => {
  let image: BuiltImage;
  let mounted: MountedImage | undefined;

  beforeAll(async () => {
    const start = performance.now();
    image = await buildImage();
    console.log(`building the image took ${((performance.now() - start) / 1000).toFixed(0)} s`);
    mounted = await image.mount();
  });
  afterAll(async () => {
    endSandboxes();
    await mounted?.remove();
  });

  const root = () => {
    if (mounted === undefined) throw new Error('the image was not built');
    return mounted.root;
  };

  it('says who runs it, and runs without a shell', () => {
    const { config } = image;
    expect(config.User).toBe('1000:1000');
    for (const command of [config.Entrypoint, config.Healthcheck.Test.slice(1)]) {
      expect(command.slice(0, 2)).toEqual(['/usr/local/bin/node', '/app/dist/cli.js']);
    }
    expect(config.Healthcheck.Test[0]).toBe('CMD');
    expect(config.Cmd).toEqual(['standalone']);
    expect(config.StopSignal).toBe('SIGTERM');
    expect(Object.keys(config.ExposedPorts).sort()).toEqual(['8000/tcp', '9464/tcp']);
    expect(config.Labels).toMatchObject({
      'org.opencontainers.image.title': 'candlegate',
      'org.opencontainers.image.licenses': 'MIT',
      'org.opencontainers.image.version': '0.0.0-check',
    });
  });

  it('has the same layers to the last bit when it is built again, from a checkout of another umask', async () => {
    const context = mkdtempSync(path.join(tmpdir(), 'candlegate-context-'));
    try {
      for (const name of BUILT_FROM) {
        cpSync(path.join(ROOT, name), path.join(context, name), { recursive: true });
      }
      await output('chmod', ['-R', 'go=', context]);
      const again = await buildImage(context);
      expect(again.layers).toHaveLength(2);
      expect(again.layers).toEqual(image.layers);
      expect(again.config).toEqual(image.config);
    } finally {
      rmSync(context, { recursive: true });
    }
  });

  it(`adds at most ${MAX_ADDED_MB} MB to its base`, async () => {
    const base = await image.mountBase();
    const [baseMb, imageMb] = [await megabytes(base.root), await megabytes(root())];
    await base.remove();
    const added = imageMb - baseMb;
    console.log(`the base has ${baseMb.toFixed(0)} MB, the image adds ${added.toFixed(1)} MB`);
    expect(added).toBeGreaterThan(5);
    expect(added).toBeLessThan(MAX_ADDED_MB);
  });

  it('holds packages of the lock file only, none for development, and one binary of uWebSockets.js', () => {
    const lock = JSON.parse(readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8')) as LockFile;
    const modules = path.join(root(), 'app', 'node_modules');
    const packages = filesIn(modules).filter((file) =>
      /^(.*node_modules\/)?(@[^/]+\/)?[^/@]+\/package\.json$/.test(file),
    );
    expect(packages.length).toBeGreaterThan(10);
    for (const file of packages) {
      const { version } = JSON.parse(readFileSync(path.join(modules, file), 'utf8')) as {
        version?: string;
      };
      const locked = lock.packages[`node_modules/${path.dirname(file)}`];
      expect([file, locked?.version, locked?.dev]).toEqual([file, version, undefined]);
    }
    const binaries = filesIn(path.join(modules, 'uWebSockets.js')).filter((file) =>
      file.endsWith('.node'),
    );
    expect(binaries).toEqual([`uws_linux_${process.arch}_137.node`]);
  });

  it('holds the same program as a build on this machine, and nothing else', async () => {
    await buildCli();
    const digest = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');
    const contents = (folder: string) =>
      Object.fromEntries(
        filesIn(folder)
          .filter((file) => file !== '.built-from')
          .map((file) => [file, digest(path.join(folder, file))]),
      );
    const app = path.join(root(), 'app');
    expect(contents(path.join(app, 'dist'))).toEqual(contents(path.join(ROOT, 'dist')));
    expect(readdirSync(app).sort()).toEqual(['dist', 'node_modules', 'package.json']);
    for (const file of ['cli.js', 'page/index.html']) {
      const { uid, mode } = statSync(path.join(app, 'dist', file));
      // Its own user can read it, and not change it.
      expect([uid, mode & 0o022, mode & 0o004]).toEqual([0, 0, 4]);
    }
    expect(existsSync(path.join(root(), 'root', '.npmrc'))).toBe(false);
  });

  it('runs standalone as process 1 on Node 24, with a read-only root and no shell; serves a client; stops in order', async () => {
    const { config } = image;
    const version = runInImage(root(), config, ['/usr/local/bin/node', '--version']);
    expect(await version.line(() => true)).toMatch(/^v24\./);

    const command = [...config.Entrypoint, ...config.Cmd];
    const standalone = runInImage(root(), config, command, {
      CANDLEGATE_PORT: '0',
      CANDLEGATE_ADMIN_PORT: '0',
      CANDLEGATE_JWT_SECRET: TEST_SECRET,
      CANDLEGATE_LOG_FORMAT: 'json',
      CANDLEGATE_DRAIN_WINDOW_MS: '200',
      CANDLEGATE_BYBIT_WS_URL: `ws://${NOWHERE}/v5/public/linear`,
      CANDLEGATE_BYBIT_REST_URL: `http://${NOWHERE}`,
      CANDLEGATE_SIMULATOR_SPEED: '60',
    });
    const portOf = async (msg: string) => {
      const line = await standalone.line((text) => text.includes(`"msg":"${msg}"`));
      return (JSON.parse(line) as { port: number }).port;
    };
    const admin = await portOf('admin port listens');
    const port = await portOf('standalone listens');
    const health = () => {
      const check = config.Healthcheck.Test.slice(1);
      return runInImage(root(), config, [...check, '--admin-port', String(admin)]).ended;
    };
    expect(await health()).toBe(0);

    const client = await connect(`ws://127.0.0.1:${port}/api/v1/live/ws`, await testToken());
    client.send({ type: 'subscribe', channels: ['candles:BTCUSDT:1'], snapshot: 5 });
    await client.received('snapshot');
    await client.received('candle', ({ candle }) => candle.confirm);

    standalone.signal('SIGTERM');
    await client.received('going_away');
    expect((await client.closed).code).toBe(1001);
    expect(await standalone.ended).toBe(0);
    expect(standalone.lines.at(-1)).toContain('"msg":"stopped"');
    expect(standalone.lines.filter((line) => /"level":"(error|fatal)"/.test(line))).toEqual([]);
    expect(await health()).toBe(1);
  });

  it('ends at once as process 1 that is told to stop while it starts', async () => {
    const { config } = image;
    const silent = createServer((socket) => socket.on('error', () => undefined).resume());
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const authority = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const isStarting = new Promise((resolve) => silent.once('connection', resolve));
    const starting = runInImage(root(), config, [...config.Entrypoint, ...config.Cmd], {
      CANDLEGATE_PORT: '0',
      CANDLEGATE_ADMIN_PORT: '0',
      CANDLEGATE_BYBIT_WS_URL: `ws://${authority}/v5/public/linear`,
      CANDLEGATE_BYBIT_REST_URL: `http://${authority}`,
    });
    await isStarting;
    starting.signal('SIGTERM');
    expect(await starting.ended).toBe(143);
    expect(starting.lines.filter((line) => line.includes('listens'))).toEqual([]);
    silent.close();
  });
});
