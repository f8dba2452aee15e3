import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import type { Browser } from 'playwright-core';
import { WebSocket } from 'ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { provideNodePackages } from '../../scripts/tools.mjs';
import { CandlegateClient } from '../../src/client/index.ts';
import { buildCli } from '../support/built-cli.ts';
import {
  launchChromium,
  openWatchedPage,
  temporaryFolder,
  type WatchedPage,
} from '../support/chromium.ts';
import { eventually } from '../support/eventually.ts';
import { listening, startRole, type RoleProcess } from '../support/role-process.ts';
import { testToken } from '../support/tokens.ts';
import { EXAMPLES } from './places.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** The commands of examples/README.md. */
const BUNDLES = readFileSync(path.join(EXAMPLES, 'README.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('npx esbuild '))
  .map((line) => line.replace('npx esbuild ', '').replace('--bundle ', '').split(' '))
  .map(([script = '', ...args]) => [script, ...args] as const);

describe('the examples for a browser', () => {
  let standalone: RoleProcess;
  let browser: Browser;
  let gateway: string;
  /** The examples' own web server, and what it has at present. */
  const web = createServer((request, response) => {
    const file = files[new URL(request.url ?? '', 'http://web').pathname];
    response.writeHead(file === undefined ? 404 : 200, {
      'Content-Type': file?.contentType ?? 'text/plain',
    });
    response.end(file?.body);
  });
  let files: Record<string, { readonly contentType: string; readonly body: string }> = {};
  let origin: string;
  let place: Awaited<ReturnType<typeof temporaryFolder>>;

  beforeAll(async () => {
    await buildCli();
    place = await temporaryFolder('examples');
    await once(web.listen(0, '127.0.0.1'), 'listening');
    origin = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
    standalone = startRole(['standalone'], {
      CANDLEGATE_FEED: 'simulator',
      CANDLEGATE_SIMULATOR_SPEED: '60',
      CANDLEGATE_ALLOWED_ORIGINS: origin,
    });
    gateway = (await listening(standalone)).http;
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser.close();
    await standalone.stop();
    web.closeAllConnections();
    web.close();
    await place.remove();
  });

  /** Bundles a script of an example as its first lines say, and answers for the example's web server. */
  async function open(example: string, script: string, answers: Record<string, string> = {}) {
    const bundle = path.join(place.folder, example, script.replace('.ts', '.js'));
    await build({
      entryPoints: [path.join(EXAMPLES, example, script)],
      bundle: true,
      format: 'esm',
      outfile: bundle,
      logLevel: 'error',
    });
    files = {
      '/': {
        contentType: 'text/html',
        body: await readFile(path.join(EXAMPLES, example, 'index.html'), 'utf8'),
      },
      [`/${path.basename(bundle)}`]: {
        contentType: 'text/javascript',
        body: await readFile(bundle, 'utf8'),
      },
    };
    for (const [target, body] of Object.entries(answers)) {
      files[target] = { contentType: 'text/plain', body };
    }
    return openWatchedPage(browser, { viewport: { width: 900, height: 500 } });
  }

  /** Waits until the chart has the snapshot and some more. */
  function hasBars({ page, complaints, requests }: WatchedPage, more: number): Promise<void> {
    return eventually(async () => {
      const bars = Number(await page.locator('body').getAttribute('data-bars'));
      expect(bars, JSON.stringify({ complaints, requests })).toBeGreaterThan(300 + more);
    }, 60_000);
  }

  it('chart/ draws history and live candles', async () => {
    const watched = await open('chart', 'chart.js');
    const { page } = watched;
    await page.goto(`${origin}/#gateway=${gateway}&token=${await testToken()}`);
    await hasBars(watched, 3);
    expect(await page.locator('#chart canvas').count()).toBeGreaterThan(0);
    expect(await page.title()).toMatch(/^BTCUSDT (live|stale)$/);
    expect(watched.complaints).toEqual([]);
    await watched.close();
  });

  it('browser/ lists closed candles in order, with a token from its own server', async () => {
    const watched = await open('browser', 'candles.js', { '/token': await testToken() });
    const { page } = watched;
    await page.goto(`${origin}/?gateway=${gateway}`);
    await page.locator('li').nth(8).waitFor();
    const starts = await page.evaluate<number[]>(
      "[...document.querySelectorAll('li')].map(({ dataset }) => Number(dataset.start))",
    );
    const steps = starts.slice(1).map((start, n) => (starts[n] ?? 0) - start);
    expect(new Set(steps)).toEqual(new Set([60_000]));
    expect(watched.complaints).toEqual([]);
    await watched.close();
  });

  it('electron/ has a window that draws what its bridge brings, without the token', async () => {
    const watched = await open('electron', 'renderer.ts');
    const { page } = watched;
    const token = await testToken();
    // The bridge of the preload script, with this process in the place of Electron's main process.
    const client = new CandlegateClient({ url: gateway, token, WebSocket });
    await page.exposeFunction('followInMain', async (symbol: string, interval: string) => {
      for await (const candle of client.candles(symbol, interval, { snapshot: 300 })) {
        await page.evaluate((each) => {
          (globalThis as unknown as { deliver(candle: unknown): void }).deliver(each);
        }, candle);
      }
    });
    await page.addInitScript(`
      let listener;
      globalThis.deliver = (candle) => listener(candle);
      globalThis.candlegate = {
        follow: (symbol, interval) => void globalThis.followInMain(symbol, interval),
        onCandle: (each) => { listener = each; },
        onFailure: () => {},
      };
    `);
    await page.goto(`${origin}/`);
    await hasBars(watched, 3);
    expect(await page.locator('canvas').count()).toBeGreaterThan(0);
    expect(watched.complaints).toEqual([]);
    // The window itself connects to nobody.
    expect(watched.requests.filter((address) => !address.startsWith(origin))).toEqual([]);
    client.close();
    await watched.close();
  });

  it('electron/ type-checks against Electron, whose program is not downloaded, and is bundled as README says', async () => {
    const packages = await provideNodePackages(path.join(EXAMPLES, 'electron'));
    const folder = path.join(place.folder, 'electron-types');
    await cp(path.join(EXAMPLES, 'electron'), folder, { recursive: true });
    const modules = path.join(folder, 'node_modules');
    await mkdir(path.join(modules, '@types'), { recursive: true });
    const links = {
      electron: path.join(packages, 'node_modules', 'electron'),
      candlegate: ROOT,
      'lightweight-charts': path.join(ROOT, 'node_modules', 'lightweight-charts'),
      '@types/node': path.join(ROOT, 'node_modules', '@types', 'node'),
    };
    for (const [name, target] of Object.entries(links)) {
      await symlink(target, path.join(modules, name));
    }
    const compiler = path.join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    const check = () => promisify(execFile)(process.execPath, [compiler, '-p', folder]);
    await check();
    expect(BUNDLES).toHaveLength(3);
    for (const [script, ...args] of BUNDLES) {
      const esbuild = path.join(ROOT, 'node_modules', 'esbuild', 'bin', 'esbuild');
      await promisify(execFile)(esbuild, [script, '--bundle', ...args], { cwd: folder });
    }
    // It would have told: a renderer that asks for what the bridge does not have.
    const text = await readFile(path.join(folder, 'bridge.ts'), 'utf8');
    await writeFile(path.join(folder, 'bridge.ts'), text.replace('onFailure', 'onMishap'));
    await expect(check()).rejects.toMatchObject({
      stdout: expect.stringContaining('onFailure') as unknown,
    });
  });
});
