import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseAllDocuments, stringify } from 'yaml';
import { ROOT, runTool, type RunResult } from '../support/run.ts';

export const CHART = path.join(ROOT, 'helm', 'candlegate');
export const RELEASE = 'candlegate';
const KUBERNETES_VERSION = '1.30.0';

/** Just enough of an object to find one's way in it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  // Whatever a kind has; tests look at what they are about.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly [field: string]: any;
}

/** What a gateway needs at least. */
export const MINIMUM = { secrets: { existingSecret: 'candlegate' } };

/** Runs `helm template` with values given as an object, or with a file of them. */
export async function helmTemplate(
  values: object | string,
  tool = 'helm',
  release = RELEASE,
): Promise<RunResult> {
  const folder = await mkdtemp(path.join(tmpdir(), 'candlegate-chart-'));
  try {
    const file = typeof values === 'string' ? values : path.join(folder, 'values.yaml');
    if (typeof values !== 'string') await writeFile(file, stringify(values));
    return await runTool(tool, [
      'template',
      release,
      CHART,
      '--namespace',
      'apps',
      // Each Helm takes another one for granted.
      '--kube-version',
      KUBERNETES_VERSION,
      '--values',
      file,
    ]);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** What Helm tells whoever installs the chart with these values. @throws with Helm's message */
export async function notes(values: object): Promise<string> {
  const { code, stdout, stderr } = await runTool(
    'helm',
    ['install', RELEASE, CHART, '--dry-run=client', '--values', '-'],
    { input: stringify(values) },
  );
  if (code !== 0) throw new Error(stderr);
  return stdout.slice(stdout.indexOf('NOTES:'));
}

/** Every object that the chart makes of these values. @throws with Helm's message */
export async function render(values: object | string, tool = 'helm'): Promise<readonly Manifest[]> {
  const { code, stdout, stderr } = await helmTemplate(values, tool);
  if (code !== 0) throw new Error(stderr);
  return parseAllDocuments(stdout)
    .map((document) => document.toJS() as Manifest | null)
    .filter((manifest) => manifest !== null);
}

/** Helm's message about values that it refuses. @throws when it takes them */
export async function refusal(values: object): Promise<string> {
  const { code, stderr } = await helmTemplate({ ...MINIMUM, ...values });
  if (code === 0) throw new Error('these values were taken');
  return stderr;
}

export function find(manifests: readonly Manifest[], kind: string, name: string): Manifest {
  const full = name === '' ? RELEASE : `${RELEASE}-${name}`;
  const found = manifests.find((each) => each.kind === kind && each.metadata.name === full);
  if (found === undefined) throw new Error(`there is no ${kind} ${full}`);
  return found;
}

/** Files of values for the main shapes, and examples of them. */
export async function valuesFiles(): Promise<readonly string[]> {
  const names = async (folder: string, fits: RegExp) =>
    (await readdir(path.join(CHART, folder)))
      .filter((name) => fits.test(name))
      .map((name) => path.join(folder, name));
  return [
    ...(await names('ci', /-values\.yaml$/)),
    ...(await names('examples', /^(?!keda).*\.yaml$/)),
  ];
}
