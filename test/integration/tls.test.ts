import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { buildCli, runCli } from '../support/built-cli.ts';
import { makeCertificate } from '../support/redis-certificate.ts';
import { listening, startRole, type RoleProcess } from '../support/role-process.ts';
import { testToken } from '../support/tokens.ts';

const own = makeCertificate();
const other = makeCertificate();

describe('TLS on the public port', () => {
  let role: RoleProcess | undefined;
  let folder: string;
  let port: number;

  beforeAll(async () => {
    await buildCli();
    folder = await mkdtemp(path.join(tmpdir(), 'candlegate-test-tls-'));
    const certificate = path.join(folder, 'tls.crt');
    await writeFile(certificate, own.certificate);
    role = startRole(['standalone'], {
      CANDLEGATE_FEED: 'simulator',
      CANDLEGATE_TLS_CERT: certificate,
      CANDLEGATE_TLS_KEY: own.key.replaceAll('\n', '\\n'),
    });
    port = Number(new URL((await listening(role)).http).port);
  });
  afterAll(async () => {
    await role?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** @returns the version that was agreed on, or the reason why there was none */
  function handshake(options: ConnectionOptions): Promise<string> {
    return new Promise((resolve) => {
      const socket: TLSSocket = connect(
        { host: '127.0.0.1', port, ca: own.certificate, ...options },
        () => {
          resolve(String(socket.getProtocol()));
          socket.destroy();
        },
      );
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    });
  }

  it('carries wss, whose client checks the certificate', async () => {
    const url = `wss://127.0.0.1:${port}/api/v1/live/ws`;
    const headers = { Authorization: `Bearer ${await testToken()}` };
    const socket = new WebSocket(url, { headers, ca: own.certificate });
    const welcome = await new Promise<string>((resolve, reject) => {
      socket.on('message', (data: Buffer) => resolve(data.toString()));
      socket.on('error', reject);
    });
    expect(welcome).toContain('"type":"welcome"');
    socket.terminate();
    const distrustful = new WebSocket(url, { headers, ca: other.certificate });
    const error = await new Promise<Error>((resolve) => distrustful.on('error', resolve));
    expect(error.message).toMatch(/self-signed certificate/);
  });

  it('carries https', async () => {
    const status = await new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port, ca: own.certificate, path: '/api/v1/live/health' };
      request(options, (response) => resolve(response.statusCode))
        .on('error', reject)
        .end();
    });
    expect(status).toBe(200);
  });

  it('speaks TLS 1.3 and 1.2, nothing older, and no cipher without forward secrecy', async () => {
    const versions = (version: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3') =>
      handshake({ minVersion: version, maxVersion: version, ciphers: 'DEFAULT:@SECLEVEL=0' });
    expect(await versions('TLSv1.3')).toBe('TLSv1.3');
    expect(await versions('TLSv1.2')).toBe('TLSv1.2');
    expect(await versions('TLSv1.1')).toMatch(/PROTOCOL_VERSION|ECONNRESET|UNSUPPORTED/);
    expect(
      await handshake({ maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0' }),
    ).toMatch(/HANDSHAKE_FAILURE|ECONNRESET/);
  });

  it('answers nothing in the clear', async () => {
    await expect(fetch(`http://127.0.0.1:${port}/api/v1/live/health`)).rejects.toThrow();
  });

  it('prints addresses that work, and keeps nothing of the key on disk or in the output', async () => {
    expect(await role?.printed((line) => line.includes('Page'))).toContain('https://');
    expect(role?.text.join()).not.toContain(own.key.split('\n')[1]);
  });

  it('is refused at the start where certificate and key do not belong together', async () => {
    const { code, stderr } = await runCli(['gateway'], {
      CANDLEGATE_JWT_SECRET: 'x'.repeat(32),
      CANDLEGATE_TLS_CERT: own.certificate,
      CANDLEGATE_TLS_KEY: other.key,
    });
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining('CANDLEGATE_TLS_KEY is not the key'),
    ]);
    const alone = await runCli(['gateway'], {
      CANDLEGATE_JWT_SECRET: 'x'.repeat(32),
      CANDLEGATE_TLS_CERT: own.certificate,
    });
    expect(alone.stderr).toContain('CANDLEGATE_TLS_KEY is needed with CANDLEGATE_TLS_CERT');
  });
});
