import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { findPrometheus } from '../../scripts/prometheus.mjs';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';

const READY_TIMEOUT_MS = 30_000;

/** What is scraped, under names of the test's own: a process that comes back keeps its instance. */
export interface ScrapeTarget {
  readonly job: string;
  readonly instance: string;
  /** `host:port` of an admin port. */
  readonly address: string;
}

/** One series of an answer. NaN where the value is none. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Points of one series over time: seconds since 1970, value. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly points: readonly (readonly [number, number])[];
}

export interface PrometheusOptions {
  /** Scrapes and evaluations of rules. */
  readonly intervalSeconds: number;
  /** Text of rule files. */
  readonly rules?: readonly string[];
}

/** A real Prometheus of a test's own, on 127.0.0.1. */
export interface TestPrometheus {
  readonly url: string;
  readonly version: string;
  /** Replaces what is scraped. */
  scrape(targets: readonly ScrapeTarget[]): Promise<void>;
  /** @throws Error with what Prometheus says when the query is wrong */
  query(expr: string): Promise<Sample[]>;
  queryRange(expr: string, from: number, to: number, stepSeconds: number): Promise<Series[]>;
  /** Names of alerts that fire now. */
  firing(): Promise<ReadonlySet<string>>;
  stop(): Promise<void>;
}

const labelsSchema = z.record(z.string(), z.string());
const answerSchema = z.object({
  status: z.string(),
  error: z.string().optional(),
  data: z
    .object({
      resultType: z.string(),
      result: z.array(
        z.object({
          metric: labelsSchema,
          value: z.tuple([z.number(), z.string()]).optional(),
          values: z.array(z.tuple([z.number(), z.string()])).optional(),
        }),
      ),
    })
    .optional(),
});

export async function startPrometheus(options: PrometheusOptions): Promise<TestPrometheus> {
  const { prometheus, version } = await findPrometheus();
  const folder = await mkdtemp(path.join(tmpdir(), 'candlegate-prometheus-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const rules = options.rules ?? [];
  const ruleFiles = rules.map((_, index) => path.join(folder, `rules-${index}.yaml`));
  await Promise.all(rules.map((text, index) => writeFile(ruleFiles[index] ?? '', text)));
  const targetFile = path.join(folder, 'targets.json');
  await writeFile(targetFile, '[]');
  const interval = `${options.intervalSeconds}s`;
  const config = path.join(folder, 'prometheus.yaml');
  // JSON is YAML.
  await writeFile(
    config,
    JSON.stringify({
      global: {
        scrape_interval: interval,
        scrape_timeout: interval,
        evaluation_interval: interval,
      },
      rule_files: ruleFiles,
      scrape_configs: [
        { job_name: 'by file', file_sd_configs: [{ files: [targetFile], refresh_interval: '1s' }] },
      ],
    }),
  );
  const child = spawn(
    prometheus,
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${path.join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--enable-feature=exemplar-storage',
      '--log.level=warn',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
  const killChild = () => child.kill('SIGKILL');
  process.once('exit', killChild);
  const stop = async () => {
    process.off('exit', killChild);
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    }
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await eventually(async () => {
      if (child.exitCode !== null) throw new Error(`prometheus ended:\n${log}`);
      const { status } = await fetch(`${url}/-/ready`);
      if (status !== 200) throw new Error(`prometheus is not ready: ${status}`);
    }, READY_TIMEOUT_MS);
  } catch (error) {
    await stop();
    throw error;
  }

  async function ask(call: string, parameters: Record<string, string>) {
    const response = await fetch(`${url}/api/v1/${call}`, {
      method: 'POST',
      body: new URLSearchParams(parameters),
    });
    const answer = answerSchema.parse(await response.json());
    if (answer.data === undefined) {
      throw new Error(`${parameters['query'] ?? ''}: ${answer.error ?? 'no data'}`);
    }
    return answer.data.result;
  }

  return {
    url,
    version,
    stop,
    async scrape(targets) {
      const groups = targets.map(({ job, instance, address }) => ({
        targets: [address],
        labels: { job, instance },
      }));
      const written = `${targetFile}.new`;
      await writeFile(written, JSON.stringify(groups));
      await rename(written, targetFile);
    },
    async query(expr) {
      const result = await ask('query', { query: expr });
      return result.map(({ metric, value }) => ({ labels: metric, value: numberOf(value?.[1]) }));
    },
    async queryRange(expr, from, to, stepSeconds) {
      const result = await ask('query_range', {
        query: expr,
        start: String(from),
        end: String(to),
        step: String(stepSeconds),
      });
      return result.map(({ metric, values = [] }) => ({
        labels: metric,
        points: values.map(([time, value]) => [time, numberOf(value)] as const),
      }));
    },
    async firing() {
      const result = await ask('query', { query: 'ALERTS{alertstate="firing"}' });
      return new Set(result.map(({ metric }) => metric['alertname'] ?? ''));
    },
  };
}

/** Runs promtool. @throws Error with its output, when it fails */
export async function promtool(args: readonly string[], input?: string): Promise<string> {
  const { promtool: program } = await findPrometheus();
  const running = promisify(execFile)(program, args);
  running.child.stdin?.end(input ?? '');
  try {
    const { stdout, stderr } = await running;
    return stdout + stderr;
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`promtool ${args.join(' ')}:\n${stdout ?? ''}${stderr ?? ''}`, {
      cause: error,
    });
  }
}

function numberOf(text: string | undefined): number {
  if (text === '+Inf') return Infinity;
  if (text === '-Inf') return -Infinity;
  return Number(text ?? NaN);
}
