import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { buildCli } from '../support/built-cli.ts';
import { launchChromium, openWatchedPage, type WatchedPage } from '../support/chromium.ts';
import { freePort } from '../support/free-port.ts';
import { listening, startRole, type RoleProcess } from '../support/role-process.ts';
import { testToken } from '../support/tokens.ts';

/** The page as standalone serves it, in a real browser, under the content policy it is served with. */
describe('the page of a running gateway', () => {
  let browser: Browser;
  let standalone: RoleProcess;
  let watched: WatchedPage;
  let page: Page;
  let http: string;
  let env: Record<string, string>;

  beforeAll(async () => {
    await buildCli();
    env = {
      CANDLEGATE_FEED: 'simulator',
      CANDLEGATE_SIMULATOR_SPEED: '30',
      CANDLEGATE_PORT: String(await freePort()),
    };
    standalone = startRole(['standalone'], env);
    browser = await launchChromium();
    http = (await listening(standalone)).http;
    watched = await openWatchedPage(browser, { viewport: { width: 1280, height: 860 } });
    page = watched.page;
    page.setDefaultTimeout(45_000);
  });
  afterAll(async () => {
    await watched.close();
    await browser.close();
    await standalone.stop();
  });

  const candles = () => page.locator('#chart').getAttribute('data-candles').then(Number);
  const phase = (name: string) => page.locator(`body[data-phase="${name}"]`).waitFor();

  it('says why a wrong token is refused', async () => {
    await page.goto(`${http}/`);
    await page.locator('#token').fill('not.a.token');
    await page.locator('#submit').click();
    await page.locator('#message:not(:empty)').waitFor();
    expect(await page.locator('#message').textContent()).toMatch(/token/i);
    expect(await page.locator('body').getAttribute('data-phase')).not.toBe('live');
  });

  it('connects with the right one, draws history and live candles, and says that they are simulated', async () => {
    await page.locator('#token').fill(await testToken());
    await page.locator('#submit').click();
    await phase('live');
    expect(await candles()).toBeGreaterThan(200);
    expect(await page.locator('#simulated').isVisible()).toBe(true);
    const price = await page.locator('#price').textContent();
    await vi.waitFor(
      async () => expect(await page.locator('#price').textContent()).not.toBe(price),
      45_000,
    );
  });

  it('is slowed down by the gateway, and gets every closed candle of that time in one replay', async () => {
    const replayed = () => page.locator('[data-fact="replayed"]').textContent().then(Number);
    await page.locator('#fault-slow').click();
    await page.locator('#fault-note', { hasText: 'Off the live stream' }).waitFor();
    await page.locator('#resumes li[data-kind="catch_up"]').first().waitFor();
    // A one-minute candle closes every two seconds, of three symbols, and five seconds were missed.
    expect(await replayed()).toBeGreaterThanOrEqual(3);
    expect(Number(await page.locator('[data-fact="conflated"]').textContent())).toBeGreaterThan(0);
    expect(await page.locator('body').getAttribute('data-phase')).toBe('live');
  });

  it('is dropped without a close frame, and resumes', async () => {
    await page.locator('#fault-drop').click();
    await page.locator('#resumes li[data-kind="resume"]').first().waitFor();
    await phase('live');
    expect(await page.locator('[data-fact="resumes"]').textContent()).toBe('1');
    expect(await page.locator('#log').textContent()).toContain('recovered');
  });

  it('shows older candles up to where the gateway’s history begins', async () => {
    await page.locator('#chart').focus();
    await vi.waitFor(
      async () => {
        await page.keyboard.press('Home');
        expect(await page.locator('#history-note').textContent()).toContain('History begins here');
      },
      { timeout: 30_000, interval: 300 },
    );
    expect(await candles()).toBeGreaterThan(900);
  });

  it('disconnects and connects again', async () => {
    await page.locator('#submit').click();
    await phase('idle');
    await page.locator('#submit').click();
    await phase('live');
  });

  it('comes back by itself after the gateway was restarted', async () => {
    await standalone.stop('SIGKILL');
    await page.locator('body:not([data-phase="live"])').waitFor();
    standalone = startRole(['standalone'], env);
    await listening(standalone);
    await page.locator('body[data-phase="live"]').waitFor({ timeout: 30_000 });
  }, 45_000);

  it('asked nobody but its own gateway and broke no rule of its content policy', () => {
    const origin = new URL(http).host;
    expect(watched.requests.filter((address) => new URL(address).host !== origin)).toEqual([]);
    expect(watched.requests.some((address) => address.startsWith('ws:'))).toBe(true);
    expect(watched.requests.filter((address) => address.includes('token='))).toEqual([]);
    expect(watched.complaints).toEqual([]);
  });
});
