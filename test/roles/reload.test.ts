import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withEnvFile } from '../../src/config/env-file.ts';
import { checkSettings, loadConfig, type ConfigOf } from '../../src/config/load.ts';
import { Reload, type ReloadStep } from '../../src/roles/reload.ts';
import { createLog, setLogLevel } from '../../src/log/log.ts';

const SECRET = 'a secret of at least thirty-two bytes';
let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'candlegate-test-reload-'));
  file = path.join(folder, 'candlegate.env');
  await writeFile(file, `CANDLEGATE_JWT_SECRET=${SECRET}\nCANDLEGATE_MAX_SUBSCRIPTIONS=5\n`);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const input = (env: Record<string, string> = {}, flags: Record<string, string> = {}) =>
  withEnvFile({ env: { CANDLEGATE_ENV_FILE: file, ...env }, flags });

describe('a file of variables', () => {
  it('counts where neither a flag nor the environment says otherwise', async () => {
    await writeFile(
      file,
      'CANDLEGATE_PORT=1\nCANDLEGATE_HISTORY=2\n# note\nexport CANDLEGATE_HEARTBEAT_MS="5000"\nOTHER=x\n',
    );
    const { values, origins, mistakes } = checkSettings(
      input({ CANDLEGATE_HISTORY: '3', CANDLEGATE_INSTANCE: '' }, { port: '4' }),
    );
    expect(mistakes).toEqual([]);
    expect([values.port, values.history, values.heartbeatMs]).toEqual([4, 3, 5000]);
    expect([origins.port, origins.history, origins.heartbeatMs]).toEqual(['flag', 'env', 'file']);
  });

  it('may not be missing, name itself, or hold names that mean nothing', async () => {
    const mistakesOf = () => checkSettings(input()).mistakes.map(({ variable }) => variable);
    await writeFile(file, 'CANDLEGATE_PROT=1\nCANDLEGATE_PORT=x\n');
    expect(mistakesOf()).toEqual(['CANDLEGATE_PORT', 'CANDLEGATE_PROT']);
    expect(checkSettings(input()).mistakes[0]?.message).toContain(`(in ${file})`);
    await writeFile(file, 'CANDLEGATE_ENV_FILE=other\n');
    expect(mistakesOf()).toEqual(['CANDLEGATE_ENV_FILE']);
    await rm(file);
    expect(mistakesOf()).toEqual(['CANDLEGATE_ENV_FILE']);
  });
});

describe('a reload', () => {
  function start(steps: readonly ReloadStep<ConfigOf<'gateway'>>[]) {
    const lines: Record<string, unknown>[] = [];
    const log = createLog(
      { level: 'info', format: 'json', role: 'gateway', instance: 'g1' },
      { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
    );
    const read = () => loadConfig('gateway', input());
    const loaded = read();
    if (!loaded.ok) throw new Error('the first configuration must be right');
    const reload = new Reload({ role: 'gateway', reloadable: { ...loaded, read }, steps, log });
    return { reload, lines };
  }

  it('applies each step whose settings have changed, once, and says so', async () => {
    const seen: number[] = [];
    const apply = ({ limits }: ConfigOf<'gateway'>) =>
      void seen.push(limits.defaults.subscriptions);
    const { reload, lines } = start([
      { keys: ['maxSubscriptions'], apply },
      { keys: ['logLevel'], apply: () => expect.unreachable() },
    ]);
    await writeFile(file, `CANDLEGATE_JWT_SECRET=${SECRET}\nCANDLEGATE_MAX_SUBSCRIPTIONS=7\n`);
    await Promise.all([reload.run(), reload.run()]);
    expect(seen).toEqual([7]);
    expect(lines.map(({ msg }) => msg)).toEqual(['reloaded', 'reloaded: nothing has changed']);
    expect(lines[0]?.['settings']).toEqual(['CANDLEGATE_MAX_SUBSCRIPTIONS']);
  });

  it('with mistakes changes nothing and names every one, without the secrets', async () => {
    const { reload, lines } = start([
      { keys: ['maxSubscriptions', 'jwtSecret'], apply: () => expect.unreachable() },
    ]);
    await writeFile(
      file,
      'CANDLEGATE_JWT_SECRET=planted\nCANDLEGATE_MAX_SUBSCRIPTIONS=0\nCANDLEGATE_PROT=1\n',
    );
    await reload.run();
    expect(lines).toHaveLength(1);
    expect(lines[0]?.['mistakes']).toHaveLength(3);
    expect(JSON.stringify(lines)).not.toContain('planted');
  });

  it('names what only a restart can take in, and goes on naming it', async () => {
    const { reload, lines } = start([{ keys: ['maxSubscriptions'], apply: () => undefined }]);
    await writeFile(
      file,
      `CANDLEGATE_JWT_SECRET=${SECRET}\nCANDLEGATE_PORT=1234\nCANDLEGATE_MAX_SUBSCRIPTIONS=5\n`,
    );
    await reload.run();
    await reload.run();
    expect(lines.map(({ level, settings }) => [level, settings])).toEqual([
      ['warn', ['CANDLEGATE_PORT']],
      ['warn', ['CANDLEGATE_PORT']],
    ]);
  });

  it('keeps the old values of a step that fails, and tries it again', async () => {
    let attempts = 0;
    const { reload, lines } = start([
      {
        keys: ['maxSubscriptions'],
        apply() {
          attempts += 1;
          if (attempts === 1) throw new Error('not now');
        },
      },
    ]);
    await writeFile(file, `CANDLEGATE_JWT_SECRET=${SECRET}\nCANDLEGATE_MAX_SUBSCRIPTIONS=7\n`);
    await reload.run();
    await reload.run();
    expect(lines.map(({ level }) => level)).toEqual(['error', 'info']);
  });
});

it('a changed level reaches the loggers that were made before', () => {
  const lines: string[] = [];
  const log = createLog(
    { level: 'info', format: 'json', role: 'gateway', instance: 'g1' },
    { write: (line) => void lines.push(line) },
  );
  const grandchild = log.child({ a: 1 }).child({ b: 2 });
  grandchild.debug('before');
  setLogLevel(log, 'debug');
  log.debug('after');
  grandchild.debug('after');
  expect(lines).toHaveLength(2);
});
