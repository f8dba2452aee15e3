import { createRequire } from 'node:module';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildCli } from '../support/built-cli.ts';
import { launchChromium, openWatchedPage } from '../support/chromium.ts';
import { startOwnGateway } from './own-gateway.ts';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** Set to a folder to look at what was tested. */
const PICTURES = process.env['CANDLEGATE_TEST_PICTURES'];

describe('the page of the API documents, as a gateway serves it', () => {
  let browser: Browser;
  let own: Awaited<ReturnType<typeof startOwnGateway>>;

  beforeAll(async () => {
    await buildCli();
    [browser, own] = await Promise.all([launchChromium(), startOwnGateway('bybit')]);
  });
  afterAll(() => Promise.all([browser.close(), own.gateway.stop()]));

  it.each([
    ['light', { width: 1280, height: 860 }],
    ['dark', { width: 1280, height: 860 }],
    ['light', { width: 375, height: 720 }],
  ] as const)('is accessible and complete in %s at %o', async (colorScheme, viewport) => {
    // The content policy lets no foreign script in, and axe is one.
    const watched = await openWatchedPage(browser, { colorScheme, viewport });
    const { page, complaints, requests } = watched;
    await page.goto(`http://${own.authority}/docs/api`);
    expect(page.url()).toBe(`http://${own.authority}/docs/api/`);
    expect(await page.locator('#getCandles h3').textContent()).toBe('History of a channel');
    const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
    expect(await page.evaluate(overflow)).toBe(0);
    await page.locator('nav a[href="#message-candle"]').click();
    await page.locator('#message-candle').waitFor();
    if (PICTURES !== undefined) {
      await page.screenshot({ path: `${PICTURES}/api-${colorScheme}-${viewport.width}.png` });
    }
    const answer = await page.request.get(`http://${own.authority}/api/v1/openapi.json`);
    expect(answer.headers()['content-type']).toBe('application/json');
    expect(complaints).toEqual([]);
    const hosts = requests.map((address) => new URL(address).host);
    expect(new Set(hosts)).toEqual(new Set([own.authority]));
    await watched.close();

    const unguarded = await browser.newContext({ colorScheme, viewport, bypassCSP: true });
    const bare = await unguarded.newPage();
    await bare.goto(`http://${own.authority}/docs/api/`);
    await bare.addScriptTag({ path: AXE });
    const violations = await bare.evaluate(
      'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`))',
    );
    expect(violations).toEqual([]);
    await unguarded.close();
  });
});
