import { spawn, type ChildProcess } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { provideTool } from '../../../scripts/tools.mjs';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';
import { output } from '../support/run.ts';
import { kwokStages } from './go-modules.ts';

const START_TIMEOUT_MS = 120_000;
const LOG_TAIL_CHARACTERS = 2_000;

/** A Kubernetes on loopback: everything of one but kubelets, whose part KWOK plays. */
export interface ControlPlane {
  /** What commands need in their environment: `helm`, `helm-3` and `kubectl` in PATH, and whom to ask. */
  readonly env: Record<string, string>;
  readonly stop: () => Promise<void>;
}

/**
 * Starts etcd, kube-apiserver, kube-controller-manager, kube-scheduler and KWOK, each a process of its own.
 * Pods are placed, and said to run and to be ready; nothing runs in them.
 *
 * @throws with the end of its log, when the API server ends before it is ready
 */
export async function startControlPlane(): Promise<ControlPlane> {
  const folder = await mkdtemp(path.join(tmpdir(), 'candlegate-cluster-'));
  const file = (name: string) => path.join(folder, name);
  const children: ChildProcess[] = [];
  const start = async (name: string, args: readonly string[]) => {
    const { command } = await provideTool(name);
    const log = openSync(file(`${name}.log`), 'w');
    const child = spawn(command, args, { cwd: folder, stdio: ['ignore', log, log] });
    children.push(child);
    return child;
  };
  const stop = async () => {
    // The one that was started last goes first: nobody misses what it asks.
    for (const child of children.toReversed()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill();
      await once(child, 'exit');
    }
    await rm(folder, { recursive: true });
  };

  try {
    const [etcd, peer, api] = [await freePort(), await freePort(), await freePort()];
    const token = randomBytes(16).toString('hex');
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    await writeFile(file('sa.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
    await writeFile(file('tokens.csv'), `${token},admin,admin,system:masters\n`);
    await writeFile(file('kubeconfig'), kubeconfig(api, token));

    await start('etcd', [
      `--data-dir=${file('etcd')}`,
      `--listen-client-urls=http://127.0.0.1:${etcd}`,
      `--advertise-client-urls=http://127.0.0.1:${etcd}`,
      `--listen-peer-urls=http://127.0.0.1:${peer}`,
      '--unsafe-no-fsync',
    ]);
    const server = await start('kube-apiserver', [
      `--etcd-servers=http://127.0.0.1:${etcd}`,
      '--bind-address=127.0.0.1',
      `--secure-port=${api}`,
      `--cert-dir=${file('certificates')}`,
      `--token-auth-file=${file('tokens.csv')}`,
      '--authorization-mode=RBAC',
      '--service-cluster-ip-range=10.96.0.0/16',
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-signing-key-file=${file('sa.key')}`,
      `--service-account-key-file=${file('sa.key')}`,
    ]);
    const env = await environment(folder);
    await eventually(async () => {
      if (server.exitCode !== null) return;
      await output('kubectl', ['get', '--raw', '/readyz'], { env });
    }, START_TIMEOUT_MS);
    if (server.exitCode !== null) {
      const log = readFileSync(file('kube-apiserver.log'), 'utf8');
      throw new Error(`kube-apiserver has ended: ${log.slice(-LOG_TAIL_CHARACTERS)}`);
    }

    const asAdmin = `--kubeconfig=${file('kubeconfig')}`;
    await start('kube-controller-manager', [
      asAdmin,
      '--secure-port=0',
      '--leader-elect=false',
      // On a machine that stands still for a while no node is lost: KWOK would not bring its pods back.
      '--node-monitor-grace-period=24h',
      `--service-account-private-key-file=${file('sa.key')}`,
      `--root-ca-file=${file('certificates/apiserver.crt')}`,
    ]);
    await start('kube-scheduler', [asAdmin, '--secure-port=0', '--leader-elect=false']);
    const stages = (await kwokStages()).map((stage) => `--config=${stage}`);
    await start('kwok', [asAdmin, '--manage-all-nodes=true', ...stages]);
    return { env, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Programs under the names that documents call them by, and nothing of the user's own configuration. */
async function environment(folder: string): Promise<Record<string, string>> {
  const programs = path.join(folder, 'bin');
  await mkdir(programs);
  for (const name of ['helm', 'helm-3', 'kubectl']) {
    await symlink((await provideTool(name)).command, path.join(programs, name));
  }
  return {
    KUBECONFIG: path.join(folder, 'kubeconfig'),
    PATH: [programs, process.env['PATH']].join(path.delimiter),
    HOME: folder,
  };
}

function kubeconfig(port: number, token: string): string {
  const cluster = {
    server: `https://127.0.0.1:${port}`,
    'certificate-authority': 'certificates/apiserver.crt',
  };
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'loopback', cluster }],
    users: [{ name: 'admin', user: { token } }],
    contexts: [{ name: 'loopback', context: { cluster: 'loopback', user: 'admin' } }],
    'current-context': 'loopback',
  });
}
