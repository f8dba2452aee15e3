import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Exchange } from '../../faults/exchange.ts';
import { ReferenceClient } from '../../faults/reference-client.ts';
import { buildCli } from '../../support/built-cli.ts';
import { eventually } from '../../support/eventually.ts';
import { startRedis, type TestRedis } from '../../support/redis.ts';
import { startRole, type RoleProcess } from '../../support/role-process.ts';
import { testToken } from '../../support/tokens.ts';
import { find, MINIMUM, render } from '../chart/chart.ts';
import { verdictOnClosedCandles } from '../support/verdict.ts';
import { startBalancer, type Balancer, type Choice } from './balancer.ts';
import { drawn, perSecond, quantile } from './curve.ts';
import { Pod, type PodSettings } from './pod.ts';

const GATEWAYS = 3;
const CLIENTS = 120;
const CHANNELS = ['candles:BTCUSDT:1', 'candles:ETHUSDT:1'];
/** A candle of a minute closes every two seconds. */
const SPEED = 30;
const WINDOW_SECONDS = 10;
const MAX_AWAY_MS = 5_000;
/** Of the clients of one gateway, in one second of a window of ten; evenly it would be a tenth. */
const MAX_SHARE_OF_A_SECOND = 0.35;
const CATCH_UP_MS = 30_000;

const containerSchema = z.object({
  readinessProbe: z.object({ periodSeconds: z.number(), failureThreshold: z.number() }),
  lifecycle: z.object({ preStop: z.object({ sleep: z.object({ seconds: z.number() }) }) }),
});
const deploymentSchema = z.object({
  spec: z.object({
    minReadySeconds: z.number(),
    template: z.object({
      spec: z.object({
        terminationGracePeriodSeconds: z.number(),
        containers: z.tuple([containerSchema]),
      }),
    }),
  }),
});
const configMapSchema = z.object({ data: z.record(z.string(), z.string()) });

/** The pod as the chart renders it, with a drain short enough for a test. */
async function podSettings(own: Record<string, string>): Promise<PodSettings> {
  const drain = { preStopSeconds: 2, windowSeconds: WINDOW_SECONDS, marginSeconds: 4 };
  const manifests = await render({ ...MINIMUM, gateway: { drain, minReadySeconds: 1 } });
  const { spec } = deploymentSchema.parse(find(manifests, 'Deployment', 'gateway'));
  const pod = spec.template.spec;
  const [{ readinessProbe, lifecycle }] = pod.containers;
  const { data } = configMapSchema.parse(find(manifests, 'ConfigMap', 'gateway'));
  return {
    readinessPeriodMs: readinessProbe.periodSeconds * 1000,
    readinessFailures: readinessProbe.failureThreshold,
    minReadyMs: spec.minReadySeconds * 1000,
    preStopMs: lifecycle.preStop.sleep.seconds * 1000,
    graceMs: pod.terminationGracePeriodSeconds * 1000,
    env: { ...data, ...own },
  };
}

describe.each<Choice>(['fewest', 'random'])(
  'a rolling replacement of three gateways under load, new connections go to %s',
  (choice) => {
    let redis: TestRedis | undefined;
    let balancer: Balancer | undefined;
    let exchange: Exchange;
    let settings: PodSettings;
    const others: RoleProcess[] = [];
    const pods: Pod[] = [];
    const clients: ReferenceClient[] = [];

    async function startPod(name: string): Promise<Pod> {
      if (balancer === undefined) throw new Error('no balancer');
      const pod = new Pod(name, settings, balancer);
      pods.push(pod);
      await pod.start();
      return pod;
    }

    beforeAll(async () => {
      await buildCli();
      redis = await startRedis();
      balancer = await startBalancer(choice);
      const simulator = startRole(['simulator'], {
        CANDLEGATE_SIMULATOR_PORT: '0',
        CANDLEGATE_SIMULATOR_SPEED: String(SPEED),
      });
      others.push(simulator);
      const { ws, rest } = await simulator.logged(({ msg }) => msg === 'simulator listens');
      exchange = new Exchange(String(rest), SPEED);
      await exchange.readClock();
      const feed = {
        CANDLEGATE_REDIS_URL: redis.url,
        CANDLEGATE_FEED: 'simulator',
        CANDLEGATE_SYMBOLS: 'BTCUSDT,ETHUSDT',
        CANDLEGATE_INTERVALS: '1',
      };
      others.push(
        startRole(['ingest'], {
          ...feed,
          CANDLEGATE_BYBIT_WS_URL: String(ws),
          CANDLEGATE_BYBIT_REST_URL: String(rest),
        }),
      );
      settings = await podSettings({
        ...feed,
        CANDLEGATE_HOST: '127.0.0.1',
        CANDLEGATE_PORT: '0',
        CANDLEGATE_ADMIN_HOST: '127.0.0.1',
        CANDLEGATE_ADMIN_PORT: '0',
      });
      await Promise.all(Array.from({ length: GATEWAYS }, (_, index) => startPod(`old-${index}`)));
      const token = await testToken();
      const url = `ws://127.0.0.1:${balancer.port}`;
      for (let index = 0; index < CLIENTS; index += 1) {
        const client = new ReferenceClient({
          name: `client-${index}`,
          token,
          channels: CHANNELS,
          gateway: () => url,
          random: Math.random,
        });
        clients.push(client);
        client.start();
      }
    });
    afterAll(async () => {
      for (const client of clients) client.leave('terminate');
      await Promise.all(
        [...pods.map((pod) => pod.process), ...others].map((each) => each.stop('SIGKILL')),
      );
      await balancer?.close();
      await redis?.stop();
    });

    it('is noticed by no client for longer than five seconds, and loses no closed candle', async () => {
      await eventually(() => {
        for (const client of clients) {
          for (const channel of CHANNELS) expect(client.lastClosed(channel)).not.toBeNull();
        }
      }, CATCH_UP_MS);
      const startedAt = Date.now();
      const drains: { readonly name: string; readonly at: number; readonly clients: number }[] = [];
      const ends: Promise<{ readonly tookMs: number; readonly exit: number | string | null }>[] =
        [];
      for (const old of [...pods]) {
        // As the Deployment's maxSurge 1 and maxUnavailable 0 have it.
        await startPod(old.name.replace('old', 'new'));
        const at = Date.now() + settings.preStopMs;
        ends.push(old.delete());
        await delay(settings.preStopMs);
        drains.push({ name: old.name, at, clients: balancer?.connections(old) ?? 0 });
      }
      const ended = await Promise.all(ends);
      const tookSeconds = (Date.now() - startedAt) / 1000;
      for (const { tookMs, exit } of ended) {
        expect(exit).toBe(0);
        expect(tookMs).toBeLessThan(settings.graceMs);
      }
      // Nobody is to be missing at the end.
      await eventually(() => {
        const connected = pods
          .filter((pod) => pod.isInService())
          .reduce((sum, pod) => sum + (balancer?.connections(pod) ?? 0), 0);
        expect(connected).toBe(CLIENTS);
      }, CATCH_UP_MS);

      const verdict = await verdictOnClosedCandles(exchange, clients, CHANNELS, CATCH_UP_MS);
      expect(verdict.problems).toEqual([]);
      expect(verdict.checked).toBeGreaterThan(CLIENTS * CHANNELS.length * 10);
      expect(clients.flatMap(({ violations }) => violations)).toEqual([]);
      expect(clients.reduce((sum, { unrecovered }) => sum + unrecovered, 0)).toBe(0);
      expect(balancer?.refused).toBe(0);

      const absences = clients.flatMap(({ resumes }) =>
        resumes.flatMap(({ endedAt, completeAt }) =>
          endedAt === null ? [] : [{ endedAt, awayMs: completeAt - endedAt }],
        ),
      );
      expect(absences.length).toBeGreaterThanOrEqual(CLIENTS);
      // Whoever always goes to a gateway that is new goes once.
      if (choice === 'fewest') expect(absences.length).toBeLessThan(CLIENTS * 1.2);
      const away = absences.map(({ awayMs }) => awayMs);
      const curves = drains.map(({ name, at, clients: count }, index) => {
        const next = drains[index + 1]?.at ?? Infinity;
        const until = Math.min(next, at + (WINDOW_SECONDS + 2) * 1000);
        const own = absences.filter(({ endedAt }) => endedAt >= at && endedAt < until);
        return {
          name,
          count,
          counts: perSecond(
            own.map(({ endedAt }) => endedAt),
            at,
          ),
        };
      });
      const whole = perSecond(
        absences.map(({ endedAt }) => endedAt),
        startedAt,
      );
      console.log(
        [
          `new connections went to ${choice === 'fewest' ? 'the gateway with the fewest' : 'any gateway'}`,
          `replacing ${GATEWAYS} gateways with ${CLIENTS} clients took ${tookSeconds.toFixed(0)} s`,
          `${verdict.checked} closed candles checked, ${verdict.repeats} repeats, none missing`,
          `${absences.length} reconnects; away ${quantile(away, 0.5)} ms (median), ${quantile(away, 0.99)} ms (p99), ${Math.max(...away)} ms (longest)`,
          `reconnects in each second since the rollout began:`,
          drawn(whole),
        ].join('\n'),
      );
      expect(Math.max(...away)).toBeLessThan(MAX_AWAY_MS);
      for (const { name, count, counts } of curves) {
        const busiest = Math.max(...counts) / count;
        expect([name, busiest < MAX_SHARE_OF_A_SECOND, counts]).toEqual([name, true, counts]);
      }
    }, 300_000);
  },
);
