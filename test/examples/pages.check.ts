import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { WebSocket } from 'ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { provideNodePackages } from '../../scripts/tools.mjs';
import { CandlegateClient } from '../../src/client/index.ts';
import { buildCli } from '../support/built-cli.ts';
import { launchChromium, openWatchedPage, temporaryFolder } from '../support/chromium.ts';
import { listening, startRole, type RoleProcess } from '../support/role-process.ts';
import { testToken } from '../support/tokens.ts';
import { EXAMPLES } from './places.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Where the pages are served from; nobody listens there, requests are answered by the test. */
const ORIGIN = 'http://pages.example';

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
  let place: Awaited<ReturnType<typeof temporaryFolder>>;

  beforeAll(async () => {
    await buildCli();
    place = await temporaryFolder('examples');
    standalone = startRole(['standalone'], {
      CANDLEGATE_FEED: 'simulator',
      CANDLEGATE_SIMULATOR_SPEED: '60',
      CANDLEGATE_ALLOWED_ORIGINS: ORIGIN,
    });
    gateway = (await listening(standalone)).http;
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser.close();
    await standalone.stop();
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
    const files: Record<string, { contentType: string; body: string }> = {
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
    const watched = await openWatchedPage(browser, { viewport: { width: 900, height: 500 } });
    await watched.page.route(`${ORIGIN}/**`, (route) => {
      const file = files[new URL(route.request().url()).pathname];
      return file === undefined ? route.fulfill({ status: 404 }) : route.fulfill(file);
    });
    return watched;
  }

  /** Waits until the chart has the snapshot and some more. */
  function hasBars(page: Page, more: number): Promise<unknown> {
    return page.waitForFunction(`Number(document.body.dataset.bars) > 300 + ${more}`, undefined, {
      timeout: 60_000,
    });
  }

  it('chart/ draws history and live candles', async () => {
    const watched = await open('chart', 'chart.js');
    const { page } = watched;
    await page.goto(`${ORIGIN}/#gateway=${gateway}&token=${await testToken()}`);
    await hasBars(page, 3);
    expect(await page.locator('#chart canvas').count()).toBeGreaterThan(0);
    expect(await page.title()).toMatch(/^BTCUSDT (live|stale)$/);
    expect(watched.complaints).toEqual([]);
    await watched.close();
  });

  it('browser/ lists closed candles in order, with a token from its own server', async () => {
    const watched = await open('browser', 'candles.js', { '/token': await testToken() });
    const { page } = watched;
    await page.goto(`${ORIGIN}/?gateway=${gateway}`);
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
    await page.goto(`${ORIGIN}/`);
    await hasBars(page, 3);
    expect(await page.locator('canvas').count()).toBeGreaterThan(0);
    expect(watched.complaints).toEqual([]);
    // The window itself connects to nobody.
    expect(watched.requests.filter((address) => !address.startsWith(ORIGIN))).toEqual([]);
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
