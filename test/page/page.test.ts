import { createRequire } from 'node:module';
import { readFile } from 'node:fs/promises';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { buildPage } from '../../scripts/build-page.mjs';
import type { Source } from '../../src/candle/messages.ts';
import {
  launchChromium,
  openWatchedPage,
  temporaryFolder,
  type WatchedPage,
} from '../support/chromium.ts';
import { FakeGateway, GOOD_TOKEN, OTHER_GOOD_TOKEN } from './fake-gateway.ts';
import { eventually } from '../support/eventually.ts';

const BTC = 'candles:BTCUSDT:1';
const ETH = 'candles:ETHUSDT:1';
const ETH5 = 'candles:ETHUSDT:5';
const WATCHED = [BTC, ETH, 'candles:SOLUSDT:1'];
const PATIENCE_MS = 10_000;

let browser: Browser;
let built: Awaited<ReturnType<typeof temporaryFolder>>;
const opened: { gateway: FakeGateway; watched: WatchedPage }[] = [];

beforeAll(async () => {
  built = await temporaryFolder('page');
  [browser] = await Promise.all([launchChromium(), buildPage({ outDir: built.folder })]);
});
afterAll(async () => {
  await browser.close();
  await built.remove();
});
afterEach(async () => {
  for (const { gateway, watched } of opened.splice(0)) {
    await watched.close();
    await gateway.close();
  }
});

/** Opens the page of a fresh gateway. */
async function visit(
  fragment: string,
  { source = 'bybit', ...options }: BrowserContextOptions & { source?: Source } = {},
): Promise<{ gateway: FakeGateway; page: Page; watched: WatchedPage }> {
  const gateway = await FakeGateway.start(built.folder, source);
  const watched = await openWatchedPage(browser, {
    viewport: { width: 1100, height: 700 },
    ...options,
  });
  watched.page.setDefaultTimeout(PATIENCE_MS);
  opened.push({ gateway, watched });
  await watched.page.goto(`${gateway.origin}/${fragment}`);
  return { gateway, page: watched.page, watched };
}

async function waitForPhase(page: Page, phase: string): Promise<void> {
  await page.locator(`body[data-phase="${phase}"]`).waitFor();
}
async function waitForText(page: Page, selector: string, text: string): Promise<void> {
  await vi.waitFor(async () => expect(await page.locator(selector).textContent()).toContain(text), {
    timeout: PATIENCE_MS,
  });
}
async function waitForCandles(page: Page, count: number): Promise<void> {
  await vi.waitFor(
    async () =>
      expect(await page.locator('#chart').getAttribute('data-candles')).toBe(String(count)),
    { timeout: PATIENCE_MS },
  );
}
/** How many different colours the chart's canvases show. */
async function colours(page: Page): Promise<number> {
  return await page.evaluate<number>(`(() => {
    const seen = new Set();
    for (const canvas of document.querySelectorAll('#chart canvas')) {
      if (canvas.width === 0 || canvas.height === 0) continue;
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      for (let i = 0; i < data.length; i += 4) {
        if (data[i + 3] > 200) seen.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]);
      }
    }
    return seen.size;
  })()`);
}

describe('the page', () => {
  it('connects with the token of the address, hides it, and draws candles', async () => {
    const { gateway, page, watched } = await visit(`#token=${GOOD_TOKEN}`);
    await waitForPhase(page, 'live');
    await waitForCandles(page, 301);
    expect(page.url()).toBe(`${gateway.origin}/#symbol=BTCUSDT&interval=1`);
    expect(gateway.targets.join()).not.toContain(GOOD_TOKEN);
    const asked = gateway.sentByClients('subscribe');
    expect(asked.flatMap(({ channels }) => channels).sort()).toEqual(WATCHED);
    expect(asked[0]).toMatchObject({ snapshot: 300 });
    expect(gateway.connections).toBe(1);

    gateway.movePrice(BTC, '84567.8');
    await waitForText(page, '#price', '84,567.8');
    await waitForText(page, '#state-text', 'Live');
    await waitForText(page, '#source-text', 'Bybit');
    expect(await page.locator('#simulated').isVisible()).toBe(false);
    await eventually(async () => expect(await colours(page)).toBeGreaterThan(4));

    // Two at once: both reach the chart in one frame.
    gateway.closeCandle(BTC);
    const closed = gateway.closeCandle(BTC);
    await waitForCandles(page, 303);
    await waitForText(page, '[data-fact="closed"]', '2');
    await waitForText(
      page,
      '[data-fact="lastClosed"]',
      new Date(closed.start).toISOString().slice(11, 16),
    );
    expect(await page.locator('#chart').getAttribute('data-last-start')).toBe(
      String(closed.end + 1),
    );
    await waitForText(page, '#hops [data-hop="bus"]', '0.80 ms');
    await waitForText(page, '#hops [data-hop="client"]', '≈');
    await waitForText(page, '#log', '84,567.8');
    expect(watched.complaints).toEqual([]);
    const elsewhere = watched.requests.filter(
      (url) => new URL(url).host !== new URL(gateway.origin).host,
    );
    expect(elsewhere).toEqual([]);
  });

  it('says loudly that prices are simulated', async () => {
    const { page } = await visit(`#token=${GOOD_TOKEN}`, { source: 'simulator' });
    await waitForPhase(page, 'live');
    await waitForText(page, '#source-text', 'Simulated');
    expect(await page.locator('#simulated').isVisible()).toBe(true);
  });

  it('shows why a token is refused, and connects with a better one', async () => {
    const { gateway, page, watched } = await visit('#token=bad.token.here');
    await waitForPhase(page, 'closed');
    await waitForText(page, '#message', 'The signature of the token does not fit any key');
    await waitForText(page, '#announcer', 'The signature of the token');
    expect(gateway.connections).toBe(0);
    await page.getByLabel('Access token').fill(GOOD_TOKEN);
    await page.keyboard.press('Enter');
    await waitForPhase(page, 'live');
    expect(watched.complaints).toEqual([]);
  });

  it('asks for a token when there is none', async () => {
    const { gateway, page } = await visit('');
    await page.getByRole('button', { name: 'Connect' }).click();
    await waitForText(page, '#message', 'A token is needed');
    expect(gateway.targets.filter((target) => target.startsWith('/api'))).toEqual([]);
  });

  it('disconnects, connects again with since, and keeps the token for a reload', async () => {
    const { gateway, page } = await visit(`#token=${GOOD_TOKEN}`);
    await waitForCandles(page, 301);
    await page.getByRole('button', { name: 'Disconnect' }).click();
    await waitForPhase(page, 'idle');
    await eventually(() => expect(gateway.connections).toBe(0));
    await page.getByRole('button', { name: 'Connect' }).click();
    await waitForPhase(page, 'live');
    expect(gateway.sentByClients('subscribe').at(-1)?.since).toHaveProperty(BTC);
    await page.reload();
    await waitForPhase(page, 'live');
  });

  it('comes back after a loss, gets what it missed, and says so', async () => {
    const { gateway, page, watched } = await visit(`#token=${GOOD_TOKEN}`);
    await waitForCandles(page, 301);
    gateway.movePrice(BTC, '84567.8');
    await waitForText(page, '#price', '84,567.8');
    const lastClosed = gateway.candles(BTC).at(-2)?.start;
    gateway.refusesUpgrades = true;
    gateway.dropAll();
    await waitForPhase(page, 'resuming');
    await waitForText(page, '#message', 'reconnects by itself');
    gateway.closeCandle(BTC);
    gateway.closeCandle(BTC);
    gateway.refusesUpgrades = false;
    await waitForPhase(page, 'live');
    await waitForCandles(page, 303);
    expect(gateway.sentByClients('subscribe').at(-1)?.since).toMatchObject({ [BTC]: lastClosed });
    await waitForText(page, '#log', 'recovered');
    await waitForText(page, '#resumes', 'Resumed');
    await waitForText(page, '#resumes', '2 closed brought back');
    await waitForText(page, '[data-fact="replayed"]', '2');
    expect(watched.complaints).toEqual([]);
  });

  it('shows what conflation spared it when the gateway found it slow', async () => {
    const { gateway, page } = await visit(`#token=${GOOD_TOKEN}`);
    await waitForCandles(page, 301);
    gateway.movePrice(BTC, '84567.8');
    await waitForText(page, '#price', '84,567.8');
    gateway.catchUp(BTC, gateway.candles(BTC).at(-2)?.start ?? 0, 40);
    await waitForText(page, '#resumes', 'Caught up');
    await waitForText(page, '#resumes', '0 closed brought back, 39 updates conflated');
    await waitForText(page, '[data-fact="conflated"]', '39');
  });

  it('waits as going_away says before it reconnects', async () => {
    const { gateway, page } = await visit(`#token=${GOOD_TOKEN}`);
    await waitForPhase(page, 'live');
    const before = gateway.sentByClients('subscribe').length;
    gateway.goAway(3_000);
    await waitForPhase(page, 'resuming');
    await waitForText(page, '#state-text', 'Resuming in');
    await waitForPhase(page, 'live');
    expect(gateway.sentByClients('subscribe').length).toBeGreaterThan(before);
    expect(gateway.connections).toBe(1);
  });

  it('shows a stale feed, a lost feed and its return', async () => {
    const { gateway, page } = await visit(`#token=${GOOD_TOKEN}`);
    await waitForPhase(page, 'live');
    gateway.setFeed('stale');
    await waitForText(page, '#state-text', 'Stale');
    gateway.setFeed('down');
    await waitForText(page, '#state-text', 'Feed down');
    await waitForText(page, '#announcer', 'Feed down');
    gateway.setFeed('live');
    await waitForText(page, '#state-text', 'Live');
  });

  it('stops with the reason when the token expires', async () => {
    const { gateway, page } = await visit(`#token=${GOOD_TOKEN}`);
    await waitForPhase(page, 'live');
    gateway.dropAll(4401, 'token_expired');
    await waitForPhase(page, 'closed');
    await waitForText(page, '#message', 'The token has expired');
  });

  it('takes a new token without reconnecting', async () => {
    const { gateway, page } = await visit(`#token=${GOOD_TOKEN}`);
    await waitForPhase(page, 'live');
    await page.getByLabel('Access token').fill(OTHER_GOOD_TOKEN);
    await page.getByRole('button', { name: 'Use new token' }).click();
    await waitForText(page, '#message', 'The new token is in force');
    expect(gateway.sentByClients('auth')).toHaveLength(1);
    expect(gateway.connections).toBe(1);
    expect(await page.getByRole('button', { name: 'Disconnect' }).isVisible()).toBe(true);
    expect(await page.locator('#log').textContent()).not.toContain(OTHER_GOOD_TOKEN);
  });

  it('keeps every symbol of the watch list live over one connection', async () => {
    const { gateway, page } = await visit(`#token=${GOOD_TOKEN}`);
    await waitForCandles(page, 301);
    const card = (symbol: string) => page.locator('.card', { hasText: symbol });
    for (const symbol of gateway.symbols) await waitForText(page, '#watch', symbol);
    gateway.movePrice(ETH, '83123.4');
    await eventually(async () => expect(await card('ETHUSDT').textContent()).toContain('83,123.4'));
    expect(await card('ETHUSDT').textContent()).toMatch(/[▲▼] [+−][\d.]+ % 5h/);
    expect(await page.locator('#price').textContent()).not.toContain('83,123.4');
    expect(gateway.connections).toBe(1);
  });

  it('changes symbol and interval by keyboard on the same connection', async () => {
    const { gateway, page } = await visit(`#token=${GOOD_TOKEN}`);
    await waitForCandles(page, 301);
    await page.getByRole('radio', { name: 'BTCUSDT' }).focus();
    await page.keyboard.press('ArrowRight');
    await waitForText(page, '#quote-symbol', 'ETHUSDT');
    // It was watched all the while: nothing has to be fetched.
    await waitForCandles(page, 301);
    expect(gateway.sentByClients('unsubscribe')).toEqual([]);
    await page.getByRole('radio', { name: '1 minute', exact: true }).focus();
    await page.keyboard.press('ArrowRight');
    const last = gateway.candles(ETH5).at(-1);
    await page.locator(`#chart[data-last-start="${last?.start ?? ''}"]`).waitFor();
    const left = gateway.sentByClients('unsubscribe').flatMap(({ channels }) => channels);
    expect(left.sort()).toEqual(WATCHED);
    expect(await page.getByRole('radio', { name: '5 minutes', exact: true }).isChecked()).toBe(
      true,
    );
    expect(gateway.connections).toBe(1);
    expect(page.url()).toContain('#symbol=ETHUSDT&interval=5');
  });

  it('loads older candles as one scrolls left, until the gateway holds no more', async () => {
    const { gateway, page, watched } = await visit(`#token=${GOOD_TOKEN}`);
    await waitForCandles(page, 301);
    gateway.refusesHistory = true;
    await page.locator('#chart').focus();
    await page.keyboard.press('Home');
    await waitForText(page, '#history-note', 'could not be loaded. There were too many requests.');
    gateway.refusesHistory = false;
    await waitForCandles(page, 401);
    await page.keyboard.press('Home');
    await waitForText(page, '#history-note', 'History begins here');
    await page.keyboard.press('End');
    await waitForText(page, '#history-note', '');
    // Elsewhere it would take what is there to the left for asked for.
    await page.locator('#to-latest').waitFor({ state: 'hidden' });
    // By mouse it is the same.
    await page.getByRole('radio', { name: 'ETHUSDT' }).check();
    await waitForCandles(page, 301);
    await page.locator('#chart').hover();
    await vi.waitFor(
      async () => {
        await page.mouse.wheel(-4_000, 0);
        expect(await page.locator('#chart').getAttribute('data-candles')).toBe('401');
      },
      { timeout: PATIENCE_MS, interval: 200 },
    );
    expect(await page.locator('#to-latest').isVisible()).toBe(true);
    expect(watched.complaints).toEqual([]);
  });

  it('keeps the numbers of a message that is chosen while others come', async () => {
    const { gateway, page } = await visit(`#token=${GOOD_TOKEN}`);
    await waitForCandles(page, 301);
    gateway.movePrice(BTC, '84567.8');
    await waitForText(page, '#hops-caption', 'Newest: BTCUSDT 1m #812');
    await page.locator('#waterfall').focus();
    await page.keyboard.press('ArrowDown');
    await waitForText(page, '#hops-caption', 'Chosen: BTCUSDT 1m #812');
    gateway.movePrice(ETH, '3123.4');
    await eventually(async () =>
      expect(await page.locator('.passage').first().textContent()).toContain('ETH 1m'),
    );
    await waitForText(page, '#hops-caption', 'Chosen: BTCUSDT 1m #812');
    expect(await page.locator('[aria-selected="true"]').textContent()).toContain('BTC 1m');
    await page.keyboard.press('Escape');
    await waitForText(page, '#hops-caption', 'Newest: ETHUSDT 1m #812');
  });

  it('asks for faults of its own connection where prices are simulated, and resumes', async () => {
    const { gateway, page } = await visit(`#token=${GOOD_TOKEN}`, { source: 'simulator' });
    await waitForPhase(page, 'live');
    await page.getByLabel('Slow for').selectOption('20 s');
    await page.getByRole('button', { name: 'Slow me down' }).click();
    await waitForText(page, '#fault-note', 'Off the live stream');
    await page.getByRole('button', { name: 'Drop me' }).click();
    await waitForText(page, '#resumes', 'Resumed');
    expect(gateway.faults).toEqual(['POST c9f1/slow', 'POST c9f1/drop']);
  });

  it('offers no faults where prices are real', async () => {
    const { page } = await visit(`#token=${GOOD_TOKEN}`);
    await waitForPhase(page, 'live');
    expect(await page.locator('#faults').isVisible()).toBe(false);
  });

  it('pauses, filters and opens messages', async () => {
    const { gateway, page } = await visit(`#token=${GOOD_TOKEN}`);
    await waitForCandles(page, 301);
    await waitForText(page, '#log', 'welcome');
    await page.getByRole('button', { name: 'Pause' }).click();
    gateway.movePrice(BTC, '84111.1');
    await waitForText(page, '#price', '84,111.1');
    await waitForText(page, '#log-missed', 'new');
    expect(await page.locator('#log').textContent()).not.toContain('84,111.1');
    await page.getByRole('button', { name: 'Resume' }).click();
    await waitForText(page, '#log', '84,111.1');
    await page.getByLabel('Messages shown').selectOption('candles');
    expect(await page.locator('#log').textContent()).not.toContain('welcome');
    await page.locator('#log summary').first().click();
    await waitForText(page, '#log pre', '"type":"candle"');
  });

  it('remembers the theme that was chosen', async () => {
    const { page } = await visit('', { colorScheme: 'dark' });
    const background = (): Promise<string> =>
      page.evaluate('getComputedStyle(document.body).backgroundColor');
    const dark = await background();
    await page.getByRole('button', { name: /^Theme/ }).click();
    const light = await background();
    expect(light).not.toBe(dark);
    await page.reload();
    expect(await background()).toBe(light);
  });

  it.each([
    { name: 'dark', colorScheme: 'dark', viewport: { width: 1440, height: 900 } },
    { name: 'light', colorScheme: 'light', viewport: { width: 1440, height: 900 } },
    { name: 'phone', colorScheme: 'light', viewport: { width: 360, height: 740 } },
  ] as const)('is accessible and fits the screen: $name', async ({ colorScheme, viewport }) => {
    const { gateway, page } = await visit(`#token=${GOOD_TOKEN}`, {
      source: 'simulator',
      colorScheme,
      viewport,
      reducedMotion: 'reduce',
    });
    await waitForCandles(page, 301);
    gateway.movePrice(BTC, '84567.8');
    await waitForText(page, '#log', '84,567.8');
    const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
    await page.evaluate(await readFile(axe, 'utf8'));
    const violations = await page.evaluate<unknown[]>(`axe.run().then(({ violations }) =>
      violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' ')))`);
    expect(violations).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(viewport.width);
  });
});
