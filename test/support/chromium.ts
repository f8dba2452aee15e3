import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { findChromium } from '../../scripts/chromium.mjs';

/** A browser that asks nobody but the pages that it is told to open. */
export async function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: await findChromium(),
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** A page in a context of its own that keeps account of what must not happen. */
export interface WatchedPage {
  readonly page: Page;
  /** Violations of the content policy, errors on the console and uncaught exceptions. */
  readonly complaints: string[];
  /** Addresses of all requests, WebSockets included. */
  readonly requests: string[];
  close(): Promise<void>;
}

/** Opens an empty page and watches it; go to the address with `page.goto`. */
export async function openWatchedPage(
  browser: Browser,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => {
    // What the network refuses is reported on the console too; tests provoke that on purpose.
    const isNetwork = /Failed to load resource|WebSocket connection to/.test(message.text());
    const isPolicy = /Content Security Policy/i.test(message.text());
    if (isPolicy || (message.type() === 'error' && !isNetwork)) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => requests.push(request.url()));
  page.on('websocket', (socket) => requests.push(socket.url()));
  await page.addInitScript(`
    addEventListener('securitypolicyviolation', (event) => {
      console.error('Content Security Policy: ' + event.violatedDirective + ' ' + event.blockedURI);
    });
  `);
  return { page, complaints, requests, close: () => context.close() };
}

/** A temporary folder, and the function that removes it. */
export async function temporaryFolder(
  name: string,
): Promise<{ folder: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(path.join(tmpdir(), `candlegate-${name}-`));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}
