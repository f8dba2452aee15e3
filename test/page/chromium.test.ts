import { chmod, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findChromium } from '../../scripts/chromium.mjs';
import { temporaryFolder } from '../support/chromium.ts';

describe('finding a browser for tests', () => {
  let place: Awaited<ReturnType<typeof temporaryFolder>>;
  beforeEach(async () => {
    place = await temporaryFolder('chromium');
  });
  afterEach(() => place.remove());

  async function program(name: string, text = '#!/bin/sh\n'): Promise<string> {
    const file = path.join(place.folder, name);
    await writeFile(file, text);
    await chmod(file, 0o755);
    return file;
  }
  const nowhere = (): { path: string; cache: string; install: false; wanted: undefined } => ({
    path: '',
    cache: path.join(place.folder, 'cache'),
    install: false,
    wanted: undefined,
  });

  it('takes the one that is named, and no other', async () => {
    const wanted = await program('mine');
    expect(await findChromium({ ...nowhere(), wanted })).toBe(wanted);
    await expect(findChromium({ ...nowhere(), wanted: '/nowhere/chrome' })).rejects.toThrow(
      "CANDLEGATE_TEST_CHROMIUM names '/nowhere/chrome'",
    );
  });
  it('finds one in the path, but not the script that only asks for a snap', async () => {
    await program('chromium-browser', '#!/bin/sh\necho run: snap install chromium\n');
    await expect(findChromium({ ...nowhere(), path: place.folder, wanted: '' })).rejects.toThrow();
    const chrome = await program('google-chrome');
    expect(await findChromium({ ...nowhere(), path: place.folder, wanted: '' })).toBe(chrome);
  });
  it('finds the one that was unpacked, and else says what to install', async () => {
    const file = await program('chromium');
    expect(await findChromium({ ...nowhere(), cache: place.folder, wanted: '' })).toBe(file);
    await expect(findChromium({ ...nowhere(), wanted: '' })).rejects.toThrow(
      "install the package 'chromium'",
    );
  });
});
