import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createSimulator, type Simulator } from '../../src/simulator/simulator.ts';
import { createWallClock } from '../../src/time/clock.ts';
import { spanIdOf, traceIdOf } from '../../src/tracing/traceparent.ts';
import { buildCli } from '../support/built-cli.ts';
import {
  startOtlpReceiver,
  type OtlpReceiver,
  type ReceivedSpan,
} from '../support/otlp-receiver.ts';
import { connect, type RecordingClient } from '../support/recording-client.ts';
import { startRedis } from '../support/redis.ts';
import { adminAddress, listening, startRole, type RoleProcess } from '../support/role-process.ts';
import { testToken } from '../support/tokens.ts';
import { eventually } from '../support/eventually.ts';

const CHANNEL = 'candles:BTCUSDT:5';
const [INTERNAL, SERVER, CLIENT, PRODUCER, CONSUMER] = [1, 2, 3, 4, 5];
const SLOW_MS = 400;

// Switched on as docs/observability.md says.
describe('traces of real processes: ingest, Redis, two gateways, and a collector', () => {
  let simulator: Simulator;
  let collector: OtlpReceiver;
  let ingest: RoleProcess;
  let startIngest: (name: string, env?: Readonly<Record<string, string>>) => RoleProcess;
  const gateways: RoleProcess[] = [];
  const clients: RecordingClient[] = [];
  const admins: string[] = [];
  const cleanups: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    await buildCli();
    const redis = await startRedis();
    cleanups.push(() => redis.stop());
    collector = await startOtlpReceiver();
    cleanups.push(() => collector.close());
    simulator = createSimulator({ clock: createWallClock(), symbols: ['BTCUSDT'], updateMs: 200 });
    await simulator.listen();
    cleanups.push(() => simulator.close());
    const start = (...args: Parameters<typeof startRole>) => {
      const role = startRole(...args);
      cleanups.push(() => role.stop());
      return role;
    };
    const env = {
      CANDLEGATE_FEED: 'simulator',
      CANDLEGATE_SYMBOLS: 'BTCUSDT',
      CANDLEGATE_INTERVALS: '5',
      CANDLEGATE_LOG_FORMAT: 'json',
      CANDLEGATE_REDIS_URL: redis.url,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
      OTEL_BSP_SCHEDULE_DELAY: '100',
    };
    startIngest = (name, more) =>
      start(['ingest'], {
        ...env,
        CANDLEGATE_INSTANCE: name,
        CANDLEGATE_BYBIT_WS_URL: simulator.wsUrl,
        CANDLEGATE_BYBIT_REST_URL: simulator.restUrl,
        ...more,
      });
    ingest = startIngest('i1');
    for (const [index, sampler] of ['always_off', 'always_on'].entries()) {
      gateways.push(
        start(['gateway'], {
          ...env,
          CANDLEGATE_INSTANCE: `g${index + 1}`,
          CANDLEGATE_TRACE_SLOW_MS: String(SLOW_MS),
          // Whether a candle is traced is decided in ingest, whatever gateways sample themselves.
          OTEL_TRACES_SAMPLER: sampler,
        }),
      );
    }
    for (const gateway of gateways) {
      const at = await listening(gateway);
      admins.push(at.admin);
      await vi.waitFor(
        async () => expect((await fetch(`${at.admin}/readyz`)).status).toBe(200),
        20_000,
      );
      const client = await connect(`${at.ws}/api/v1/live/ws`, await testToken());
      client.send({ type: 'subscribe', channels: [CHANNEL], snapshot: 5 });
      clients.push(client);
    }
    admins.push(await adminAddress(ingest));
  });
  afterAll(async () => {
    for (const client of clients) client.socket.terminate();
    for (const end of cleanups.reverse()) await end();
  });

  const client = (): RecordingClient => {
    const [first] = clients;
    if (first === undefined) throw new Error('no client');
    return first;
  };

  const one = (spans: readonly ReceivedSpan[], name: string, instance?: string): ReceivedSpan => {
    const found = spans.filter(
      (span) =>
        span.name === name &&
        (instance === undefined || span.resource['service.instance.id'] === instance),
    );
    expect(found.map((span) => span.name)).toEqual([name]);
    return found[0] as ReceivedSpan;
  };

  it('span ingest and both gateways: one tree from the frame to each fan-out', async () => {
    // Both gateways have their client by then.
    const from = Math.max(
      ...(await Promise.all(clients.map(async (each) => (await each.received('candle')).offset))),
    );
    const { traceparent, times, offset } = await client().received(
      'candle',
      (message) => message.traceparent !== undefined && message.offset >= from,
    );
    const traceId = traceIdOf(traceparent ?? '');
    const processName = `process ${CHANNEL}`;
    const spans = await vi.waitFor(() => {
      const trace = collector.trace(traceId);
      expect(trace).toHaveLength(5);
      return trace;
    }, 15_000);
    const root = one(spans, 'receive kline.5.BTCUSDT');
    const frame = one(spans, 'process kline.5.BTCUSDT');
    const send = one(spans, `send ${CHANNEL}`);
    const passages = ['g1', 'g2'].map((instance) => one(spans, processName, instance));

    expect([root.parentId, root.kind]).toEqual(['', CONSUMER]);
    expect([frame.parentId, frame.kind]).toEqual([root.spanId, CONSUMER]);
    expect([send.parentId, send.kind]).toEqual([root.spanId, PRODUCER]);
    expect(send.spanId).toBe(spanIdOf(traceparent ?? ''));
    for (const passage of passages) {
      expect([passage.parentId, passage.kind]).toEqual([send.spanId, CONSUMER]);
      expect(passage.links).toEqual([{ traceId, spanId: send.spanId }]);
      expect(passage.attributes).toMatchObject({
        'messaging.system': 'redis',
        'messaging.operation.name': 'process',
        'messaging.operation.type': 'process',
        'messaging.destination.name': CHANNEL,
        'messaging.destination.template': 'candles:{symbol}:{interval}',
        'candlegate.offset': offset,
        'candlegate.subscribers': 1,
      });
      expect(passage.end).toBeGreaterThanOrEqual(passage.start);
    }
    expect(send.attributes).toMatchObject({
      'messaging.system': 'redis',
      'messaging.operation.name': 'send',
      'candlegate.publish.result': 'published',
    });
    expect(root.attributes['messaging.system']).toBe('simulator');

    // The times of the message are those of the spans.
    expect(frame.start).toBeCloseTo(times.ingest, 0);
    expect(send.start).toBeCloseTo(times.published, 0);
    expect(passages[0]?.start).toBeCloseTo(times.gateway, 0);
    expect(root.start).toBeLessThanOrEqual(frame.start);
    expect(root.end).toBeGreaterThanOrEqual(send.end);

    expect(root.resource).toMatchObject({
      'service.name': 'candlegate',
      'service.instance.id': 'i1',
      'candlegate.role': 'ingest',
      'deployment.environment.name': 'test',
    });
    expect(passages[1]?.resource).toMatchObject({ 'candlegate.role': 'gateway' });
    expect(Object.keys(root.resource)).not.toContain('process.command_args');
  });

  it('stand beside the histogram as exemplars, for scrapers that take OpenMetrics', async () => {
    const answer = await fetch(`${admins[0]}/metrics`, {
      headers: { Accept: 'application/openmetrics-text;version=1.0.0,text/plain;q=0.5' },
    });
    expect(answer.headers.get('content-type')).toMatch(/^application\/openmetrics-text/);
    const text = await answer.text();
    const line =
      /candlegate_hop_latency_seconds_bucket\{.*hop="bus".*\} \d+ # \{trace_id="([0-9a-f]{32})"\}/;
    const traceId = line.exec(text)?.[1] ?? '';
    // Perhaps of a candle that came before the client did: the collector knows it anyway.
    await collector.received((span) => span.traceId === traceId);
    expect(text.endsWith('# EOF\n')).toBe(true);
    const plain = await (await fetch(`${admins[0]}/metrics`)).text();
    expect(plain).not.toContain('trace_id');
    expect(plain).toContain('candlegate_gateway_upgrades_total{');
  });

  it('have the upgrade with its checks, the subscription with its replay, backfill and takeover', async () => {
    const upgrade = await collector.received(({ name }) => name === 'upgrade');
    expect([upgrade.kind, upgrade.parentId]).toEqual([SERVER, '']);
    expect(upgrade.attributes['candlegate.outcome']).toBe('accepted');
    // Only this gateway samples its own.
    expect(upgrade.resource['service.instance.id']).toBe('g2');
    const auth = await collector.received(({ name }) => name === 'authenticate');
    expect([auth.parentId, auth.traceId]).toEqual([upgrade.spanId, upgrade.traceId]);
    const admit = await collector.received(({ name }) => name === 'admit');
    expect([admit.parentId, admit.traceId]).toEqual([upgrade.spanId, upgrade.traceId]);
    // Starts are told in whole milliseconds.
    expect(admit.start).toBeGreaterThan(auth.end - 1);

    const subscribe = await collector.received(({ name }) => name === 'subscribe');
    const replay = await collector.received(({ name }) => name === `replay ${CHANNEL}`);
    expect([replay.parentId, replay.kind]).toEqual([subscribe.spanId, INTERNAL]);
    expect(replay.attributes).toMatchObject({ 'candlegate.replay.kind': 'snapshot' });

    const takeover = await collector.received(({ name }) => name === 'takeover');
    expect(takeover.status).toBe(0);
    const backfill = await collector.received(({ name }) => name === `backfill ${CHANNEL}`);
    expect(backfill.kind).toBe(CLIENT);
    expect(backfill.attributes['candlegate.rows']).toBeGreaterThan(0);
    const logged = await ingest.logged(({ msg }) => msg === 'all channels are claimed');
    expect(logged['trace_id']).toBe(takeover.traceId);
  });

  it('mark a slow message, and the log names the trace', async () => {
    simulator.faults.set({ frameDelayMs: SLOW_MS + 100 });
    const slow = await collector.received((span) => span.attributes['candlegate.slow'] === true);
    simulator.faults.set({ frameDelayMs: 0 });
    expect(slow.name).toBe(`process ${CHANNEL}`);
    expect(slow.attributes['candlegate.delivery_ms']).toBeGreaterThan(SLOW_MS);
    const gateway = gateways[slow.resource['service.instance.id'] === 'g1' ? 0 : 1];
    const line = await gateway?.logged(({ msg }) => msg === 'a slow candle');
    expect(line?.['trace_id']).toMatch(/^[0-9a-f]{32}$/);
  });

  it('cost nothing but a counter when the collector fails', async () => {
    const seen = client().of('candle').length;
    collector.answerWith(400);
    await vi.waitFor(async () => {
      const text = await (await fetch(`${admins[2]}/metrics`)).text();
      const failures = /candlegate_trace_export_failures_total\S* (\d+)/.exec(text)?.[1];
      expect(Number(failures)).toBeGreaterThan(0);
    }, 15_000);
    await eventually(() => expect(client().of('candle').length).toBeGreaterThan(seen + 3));
    collector.answerWith(200);
  });

  it('show the whole way of a slow message that ingest did not sample', async () => {
    await ingest.stop();
    const unsampled = startIngest('i2', { OTEL_TRACES_SAMPLER: 'always_off' });
    await unsampled.logged(({ msg }) => msg === 'all channels are claimed');
    simulator.faults.set({ frameDelayMs: SLOW_MS + 100 });
    const root = await collector.received(
      ({ attributes }) => attributes['candlegate.reconstructed'] === true,
    );
    simulator.faults.set({ frameDelayMs: 0 });
    const spans = await vi.waitFor(() => {
      const trace = collector.trace(root.traceId);
      expect(trace).toHaveLength(4);
      return trace;
    }, 15_000);
    const frame = one(spans, 'process kline.5.BTCUSDT');
    const send = one(spans, `send ${CHANNEL}`);
    const passage = one(spans, `process ${CHANNEL}`);

    expect([root.name, root.parentId]).toEqual(['receive kline.5.BTCUSDT', '']);
    expect([frame.parentId, send.parentId]).toEqual([root.spanId, root.spanId]);
    expect(passage.parentId).toBe(send.spanId);
    expect(passage.attributes['candlegate.slow']).toBe(true);
    // Whoever found it slow made all of it.
    const instances = new Set(spans.map(({ resource }) => resource['service.instance.id']));
    expect(instances.size).toBe(1);
    expect(root.resource['candlegate.role']).toBe('gateway');

    const { times, traceparent } = await client().received(
      'candle',
      ({ offset }) => offset === passage.attributes['candlegate.offset'],
    );
    expect(traceparent).toBeUndefined();
    expect(frame.start).toBeCloseTo(times.ingest, 0);
    expect(frame.end).toBeCloseTo(times.published, 0);
    expect(send.start).toBeCloseTo(times.published, 0);
    expect(send.end).toBeCloseTo(passage.start, 0);
    expect(passage.end - root.start).toBeGreaterThan(SLOW_MS);

    const gateway = gateways[passage.resource['service.instance.id'] === 'g1' ? 0 : 1];
    const line = await gateway?.logged(({ trace_id: id }) => id === root.traceId);
    expect(line?.msg).toBe('a slow candle');
  });
});
