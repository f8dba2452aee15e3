import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { ROOT, run } from '../support/run.ts';

/** Where projects publish what kinds they add to Kubernetes: folders of their Go modules. */
const SOURCES = [
  {
    module: 'sigs.k8s.io/gateway-api@v1.5.1',
    sum: 'h1:RqVRIlkhLhUO8wOHKTLnTJA6o/1un4po4/6M1nRzdd0=',
    folder: 'config/crd/standard',
    file: /_httproutes\.yaml$/,
  },
  {
    module: 'github.com/prometheus-operator/prometheus-operator@v0.92.1',
    sum: 'h1:rHWuFo6SVya4FBSCNg2DCzyc4xAv54zk3eDTzp5mQZc=',
    folder: 'example/prometheus-operator-crd',
    file: /_(servicemonitors|podmonitors|prometheusrules)\.yaml$/,
  },
  {
    module: 'github.com/kedacore/keda/v2@v2.21.0',
    sum: 'h1:R6z2HZvstK4RLUMxroNACzBj74xGxt3kG59b5Xc+Xps=',
    folder: 'config/crd/bases',
    file: /_scaledobjects\.yaml$/,
  },
];

const downloadSchema = z.object({ Dir: z.string(), Sum: z.string() });

/** @returns files with the CustomResourceDefinitions of the kinds that the chart and its examples use */
export async function customResourceFiles(): Promise<readonly string[]> {
  const files: string[] = [];
  for (const { module, sum, folder, file } of SOURCES) {
    const source = path.join(await download(module, sum), folder);
    const names = readdirSync(source).filter((name) => file.test(name));
    if (names.length === 0) throw new Error(`${module} has no ${String(file)} in ${folder}`);
    files.push(...names.map((name) => path.join(source, name)));
  }
  return files;
}

/** @returns files with the stages through which KWOK takes nodes and pods: ready at once, gone at once */
export async function kwokStages(): Promise<readonly string[]> {
  const { Dir } = await downloadIn(path.join(ROOT, 'tools', 'kwok'), 'sigs.k8s.io/kwok');
  return ['node/fast', 'node/heartbeat-with-lease', 'pod/fast'].flatMap((stage) => {
    const folder = path.join(Dir, 'kustomize', 'stage', stage);
    const stages = readdirSync(folder).filter((name) => /^(node|pod)-.*\.yaml$/.test(name));
    return stages.map((name) => path.join(folder, name));
  });
}

/** @returns where the module is in Go's cache */
async function download(module: string, sum: string): Promise<string> {
  // Outside of any module, so that nothing of what it depends on is looked at.
  const folder = await mkdtemp(path.join(tmpdir(), 'candlegate-crds-'));
  try {
    const { Dir, Sum } = await downloadIn(folder, module);
    if (Sum !== sum) throw new Error(`${module} is not what it was: ${Sum}`);
    return Dir;
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function downloadIn(folder: string, module: string) {
  const { stdout, stderr } = await run('go', ['-C', folder, 'mod', 'download', '-json', module]);
  return downloadSchema.parse(JSON.parse(stdout), { error: () => stderr + stdout });
}
