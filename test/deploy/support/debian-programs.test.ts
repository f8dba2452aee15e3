import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { provideDebianPrograms } from '../../../scripts/debian-programs.mjs';

/** A machine whose `apt-get` writes down what it is told, and installs a program called `builder`. */
const APT = `#!/bin/sh
echo "$DEBIAN_FRONTEND $*" >> "\${0%/*}/told"
case "$*" in *install*builder-package*) /bin/cp "$0" "\${0%/*}/builder";; esac
`;

describe('provideDebianPrograms', () => {
  let bin: string;
  const told = () => readFile(path.join(bin, 'told'), 'utf8').catch(() => '');

  async function put(program: string, text = '#!/bin/sh\n'): Promise<void> {
    await writeFile(path.join(bin, program), text);
    await chmod(path.join(bin, program), 0o755);
  }
  beforeEach(async () => {
    bin = await mkdtemp(path.join(tmpdir(), 'candlegate-programs-'));
  });
  afterEach(() => rm(bin, { recursive: true }));

  it('asks for nothing where everything is there', async () => {
    await put('apt-get', APT);
    await put('builder');
    await provideDebianPrograms({ builder: 'builder-package' }, { path: bin, isRoot: true });
    expect(await told()).toBe('');
  });

  it('installs what is missing, and only that', async () => {
    await put('apt-get', APT);
    await put('other');
    const packages = { builder: 'builder-package', other: 'other-package' };
    await provideDebianPrograms(packages, { path: bin, isRoot: true });
    const calls = (await told()).trim().split('\n');
    expect(calls[0]).toMatch(/^noninteractive .*update$/);
    expect(calls[1]).toMatch(
      /^noninteractive .*install --yes --no-install-recommends builder-package$/,
    );
    expect(calls.length).toBe(2);
  });

  it.each([
    ['nobody may install', true, false],
    ['there is no apt-get', false, true],
  ])('says in one sentence what to install where %s', async (_, hasApt, isRoot) => {
    if (hasApt) await put('apt-get', APT);
    await expect(
      provideDebianPrograms({ builder: 'builder-package' }, { path: bin, isRoot }),
    ).rejects.toThrow(
      'builder is missing: install builder-package (Debian, Ubuntu), or run this as root there.',
    );
    expect(await told()).toBe('');
  });

  it('does not take an installation without the program for one', async () => {
    await put('apt-get', '#!/bin/sh\n');
    await expect(
      provideDebianPrograms({ builder: 'builder-package' }, { path: bin, isRoot: true }),
    ).rejects.toThrow('builder-package did not bring builder.');
  });
});
