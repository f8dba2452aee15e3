import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { chartReadme } from '../../../scripts/chart-docs.mjs';
import { CHECKERS, provideTool } from '../../../scripts/tools.mjs';
import { checkSettings } from '../../../src/config/load.ts';
import { envName } from '../../../src/config/setting.ts';
import { settingOf, settingsOfRole } from '../../../src/config/settings.ts';
import { output, runTool } from '../support/run.ts';
import { CHART, find, helmTemplate, MINIMUM, refusal, render, valuesFiles } from './chart.ts';

/** Chart.yaml's `kubeVersion` says the oldest; newer ones than the newest are not known to the schemas. */
const KUBERNETES_VERSIONS = ['1.30', '1.37'];
/** Kinds that are not part of Kubernetes itself. */
const CUSTOM = /^(gateway\.networking\.k8s\.io|monitoring\.coreos\.com|keda\.sh)\//;

const files = await valuesFiles();

/** What the chart's variables hold in a pod of this role; secrets are made up. */
async function environment(values: object | string, role: 'gateway' | 'ingest') {
  const manifests = await render(values);
  const { data } = find(manifests, 'ConfigMap', role) as unknown as {
    data: Record<string, string>;
  };
  // Files of a Secret, which is not there.
  const isFile = (name: string) => /^CANDLEGATE_(REDIS_(CA|CERT|KEY)|TLS_(CERT|KEY))$/.test(name);
  const mounted = Object.entries(data).filter(([name]) => isFile(name));
  for (const [, file] of mounted) expect(file).toMatch(/^\/etc\/candlegate\/(redis-)?tls\//);
  const env = Object.fromEntries(Object.entries(data).filter(([name]) => !isFile(name)));
  const key = 'CANDLEGATE_JWT_PUBLIC_KEY' in env ? {} : { CANDLEGATE_JWT_SECRET: 'x'.repeat(32) };
  return { ...env, ...key };
}

describe('the chart', () => {
  let folder: string;

  beforeAll(async () => {
    for (const name of CHECKERS) await provideTool(name);
    folder = await mkdtemp(path.join(tmpdir(), 'candlegate-chart-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.each(files)('passes helm lint --strict with %s, of Helm 4 and 3', async (file) => {
    for (const tool of ['helm', 'helm-3']) {
      const args = ['lint', '--strict', CHART, '--values', path.join(CHART, file)];
      const { code, stdout, stderr } = await runTool(tool, args);
      expect([tool, code, code === 0 ? '' : stdout + stderr]).toEqual([tool, 0, '']);
    }
  });

  it.each(files)('makes the same of %s with Helm 4 and Helm 3', async (file) => {
    const [four, three] = [
      await render(path.join(CHART, file)),
      await render(path.join(CHART, file), 'helm-3'),
    ];
    expect(three).toEqual(four);
  });

  it.each(files)('makes objects of %s that Kubernetes knows', async (file) => {
    const manifests = await render(path.join(CHART, file));
    const own = manifests.filter(({ apiVersion }) => !CUSTOM.test(apiVersion));
    expect(own.length).toBeGreaterThan(10);
    const rendered = path.join(folder, 'rendered.yaml');
    await writeFile(rendered, own.map((manifest) => JSON.stringify(manifest)).join('\n---\n'));
    for (const version of KUBERNETES_VERSIONS) {
      const { code, stdout, stderr } = await runTool('kubernetes-validate', [
        '--strict',
        '-k',
        version,
        rendered,
      ]);
      expect([version, code, code === 0 ? '' : stdout + stderr]).toEqual([version, 0, '']);
    }
  });

  it('names in kubeVersion the oldest version that is tried', () => {
    const chart = parse(readFileSync(path.join(CHART, 'Chart.yaml'), 'utf8')) as {
      kubeVersion: string;
    };
    expect(chart.kubeVersion).toBe(`>=${KUBERNETES_VERSIONS[0] ?? ''}.0-0`);
  });

  it.each(files)('leaves kube-linter nothing to find with %s', async (file) => {
    const { stdout } = await helmTemplate(path.join(CHART, file));
    const rendered = path.join(folder, 'linted.yaml');
    await writeFile(rendered, stdout);
    const config = path.join(CHART, '.kube-linter.yaml');
    const {
      code,
      stdout: findings,
      stderr,
    } = await runTool('kube-linter', ['lint', '--config', config, rendered]);
    expect([code, code === 0 ? '' : findings + stderr]).toEqual([0, '']);
  });

  it.each(files)('gives both roles with %s variables that the program takes', async (file) => {
    for (const role of ['gateway', 'ingest'] as const) {
      const env = await environment(path.join(CHART, file), role);
      expect(checkSettings({ role, env }).mistakes).toEqual([]);
    }
  });

  it('passes every setting of the program on, but its own and secrets, which it refuses by name', async () => {
    const names = [...settingsOfRole('gateway'), ...settingsOfRole('ingest')];
    const helpers = readFileSync(path.join(CHART, 'templates', '_helpers.tpl'), 'utf8');
    const own = new Set(/^CANDLEGATE_HOST .*$/m.exec(helpers)?.[0].split(' '));
    for (const name of own) expect(names.map(envName)).toContain(name);
    const isSecret = (key: (typeof names)[number]) => settingOf(key).shown === 'secret';
    const free = names.filter((key) => !own.has(envName(key)) && !isSecret(key));
    const config = Object.fromEntries(free.map((key) => [envName(key), 'x']));
    // Whose default follows from the channels, which are none here.
    const tests = { channel: 'candles:BTCUSDT:1' };
    const manifests = await render({ ...MINIMUM, config, tests });
    expect(find(manifests, 'ConfigMap', 'gateway')['data']).toMatchObject(config);
    for (const key of names.filter((each) => isSecret(each) && !own.has(envName(each)))) {
      expect(await refusal({ config: { [envName(key)]: 'x' } })).toContain(
        `config.${envName(key)}:`,
      );
    }
  });

  it('describes every value of values.yaml in its schema, no others, and refuses unknown ones', () => {
    const node: z.ZodType<SchemaNode> = z.looseObject({
      description: z.string().min(10),
      get properties() {
        return z.record(z.string(), node).optional();
      },
    });
    const text = readFileSync(path.join(CHART, 'values.schema.json'), 'utf8');
    const { properties } = z
      .object({ properties: z.record(z.string(), node) })
      .parse(JSON.parse(text));
    const values = parse(readFileSync(path.join(CHART, 'values.yaml'), 'utf8')) as object;
    const compare = (place: string, value: object, known: Record<string, SchemaNode>) => {
      expect([
        place,
        Object.keys(known)
          .filter((key) => key !== 'global')
          .sort(),
      ]).toEqual([place, Object.keys(value).sort()]);
      for (const [key, inner] of Object.entries(value) as [string, object][]) {
        const described = known[key];
        if (described?.properties === undefined) continue;
        expect([`${place}.${key}`, described.additionalProperties]).toEqual([
          `${place}.${key}`,
          false,
        ]);
        compare(`${place}.${key}`, inner, described.properties);
      }
    };
    compare('', values, properties);
  });

  it('has a README that says the same (`npm run docs:chart` writes it)', async () => {
    const readme = readFileSync(path.join(CHART, 'README.md'), 'utf8');
    expect(await chartReadme()).toBe(readme);
  });

  it('has the version of the package as its appVersion', () => {
    const chart = parse(readFileSync(path.join(CHART, 'Chart.yaml'), 'utf8')) as {
      appVersion: string;
    };
    const manifest = readFileSync(path.join(CHART, '..', '..', 'package.json'), 'utf8');
    expect(chart.appVersion).toBe((JSON.parse(manifest) as { version: string }).version);
  });

  it('can be packaged, without what is only for its own checks', async () => {
    const { command } = await provideTool('helm');
    await output(command, ['package', CHART, '--destination', folder]);
    const list = await output('tar', ['-tzf', path.join(folder, 'candlegate-0.1.0.tgz')]);
    expect(list).toContain('candlegate/values.schema.json');
    expect(list).toContain('candlegate/README.md');
    // What its README tells people to use is in it.
    const readme = readFileSync(path.join(CHART, 'README.md'), 'utf8');
    const used = [...readme.matchAll(/\b(ci|examples)\/[\w-]+\.yaml/g)].map(([file]) => file);
    expect(used).toContain('examples/trial.yaml');
    for (const file of used) expect(list).toContain(`candlegate/${file}`);
    expect(list).not.toContain('/ci/');
  });
});

interface SchemaNode {
  readonly description: string;
  readonly additionalProperties?: unknown;
  readonly properties?: Record<string, SchemaNode> | undefined;
}
