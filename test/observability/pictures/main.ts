import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { buildCli } from '../../support/built-cli.ts';
import { launchChromium } from '../../support/chromium.ts';
import { startDeployment, starve, type Deployment } from '../deployment.ts';
import { substituted } from '../panel-queries.ts';
import { readDashboards, readRuleFiles, type ShippedDashboard } from '../shipped.ts';
import { mistakenClient, refusedUpgrade } from '../strangers.ts';
import { drawnPanel, type DrawnPanel } from './drawing.ts';

/**
 * `npm run docs:dashboard-pictures`: runs the product, breaks some things, and draws what each dashboard's
 * panels show of it, from a real Prometheus. It is no picture of Grafana, whose panels look alike.
 */

const IMAGES = new URL('../../../docs/images/', import.meta.url);
const PAGE = fileURLToPath(new URL('page.html', import.meta.url));
const { resolve } = createRequire(import.meta.url);
const CHARTS = resolve('uplot/dist/uPlot.iife.min.js');
const CHART_STYLE = resolve('uplot/dist/uPlot.min.css');
const WIDTH = 1600;
const STEP_SECONDS = 1;
const CLIENTS = [20, 12] as const;

/** What happens in the run, in order; each with the text for below the picture. */
const INCIDENTS: readonly {
  readonly text: string;
  readonly seconds: number;
  readonly act: (deployment: Deployment) => Promise<() => Promise<void> | void>;
}[] = [
  { text: 'all is well', seconds: 30, act: () => Promise.resolve(() => undefined) },
  {
    text: 'strangers come with wrong tokens and ask for history without any',
    seconds: 15,
    async act({ rig, token }) {
      const { port } = rig.links.gatewayToClients[0];
      for (let attempt = 0; attempt < 20; attempt += 1) await refusedUpgrade(port);
      await mistakenClient(port, token);
      const history = `http://127.0.0.1:${port}/api/v1/candles/BTCUSDT/1`;
      for (let attempt = 0; attempt < 10; attempt += 1) {
        await fetch(
          history,
          attempt % 2 === 0 ? {} : { headers: { Authorization: `Bearer ${token}` } },
        );
      }
      return () => undefined;
    },
  },
  {
    text: 'Bybit 800 ms late',
    seconds: 25,
    async act({ rig }) {
      await rig.exchange.setFaults({ frameDelayMs: 800, malformed: 0.1 });
      return () => rig.exchange.setFaults({ frameDelayMs: 0, malformed: 0 });
    },
  },
  {
    text: 'the leader is killed',
    seconds: 25,
    async act(deployment) {
      const leader = deployment.rig.ingests[deployment.rig.leader()];
      await leader.kill();
      return async () => {
        await leader.start();
        await deployment.rescrape();
      };
    },
  },
  {
    text: 'three clients stop reading',
    seconds: 25,
    act: (deployment) => deployment.slowClients(1, 3),
  },
  {
    text: 'a gateway gets a third of a CPU',
    seconds: 20,
    act: ({ rig }) => Promise.resolve(starve(rig.gateways[0], 300, 150)),
  },
  { text: 'all is well', seconds: 20, act: () => Promise.resolve(() => undefined) },
];

async function main(): Promise<void> {
  await buildCli();
  const rules = readRuleFiles().map(({ groups }) => JSON.stringify({ groups }));
  const deployment = await startDeployment({ clients: CLIENTS, rules });
  const browser = await launchChromium();
  try {
    const from = Date.now() / 1000;
    const texts: string[] = [];
    for (const { text, seconds, act } of INCIDENTS) {
      texts.push(`${new Date().toISOString().slice(11, 19)} ${text}`);
      console.log(texts.at(-1));
      const mend = await act(deployment);
      await delay(seconds * 1000);
      await mend();
    }
    const to = Date.now() / 1000;
    const day = new Date(from * 1000).toISOString().slice(0, 10);
    const { prometheus } = deployment;
    const caption =
      `Run of ${day} (UTC): 2 gateways, 2 ingest workers, ${CLIENTS[0] + CLIENTS[1]} clients, ` +
      `simulated exchange, Prometheus ${prometheus.version}. ${texts.join('; ')}.`;
    mkdirSync(IMAGES, { recursive: true });
    const page = await browser.newPage({ viewport: { width: WIDTH, height: 900 } });
    for (const dashboard of readDashboards()) {
      const panels = await evaluate(deployment, dashboard, from, to);
      await page.goto(`file://${PAGE}`);
      await page.addStyleTag({ path: CHART_STYLE });
      await page.addScriptTag({ content: readFileSync(CHARTS, 'utf8') });
      const content = JSON.stringify({ title: dashboard.title, from: caption, panels });
      await page.evaluate(`draw(${content})`);
      const file = new URL(`dashboard-${dashboard.file.replace('.json', '')}.png`, IMAGES);
      await page.screenshot({ path: fileURLToPath(file), fullPage: true });
      console.log(fileURLToPath(file));
    }
  } finally {
    await browser.close();
    await deployment.stop();
  }
}

async function evaluate(
  { prometheus }: Deployment,
  dashboard: ShippedDashboard,
  from: number,
  to: number,
): Promise<DrawnPanel[]> {
  return Promise.all(
    dashboard.panels.map(async (panel) => {
      const answers = (panel.targets ?? []).map(async ({ expr, legendFormat }) => ({
        legend: legendFormat,
        series: await prometheus.queryRange(substituted(expr), from, to, STEP_SECONDS),
      }));
      return drawnPanel(panel, await Promise.all(answers));
    }),
  );
}

// `exit` handlers end the processes that were started.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
await main();
// Without it Node may wait for sockets that were reset while they were ending.
process.exit(0);
