import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { makeCertificate, type TestCertificate } from './redis-certificate.ts';
import { freePort } from './redis-port.ts';
import { startRedis } from './redis.ts';

/** Settings of servers and sentinels that speak TLS, with one certificate for all. */
export interface TlsFiles extends TestCertificate {
  /** As arguments. They want a certificate of every client. */
  readonly args: readonly string[];
  remove(): Promise<void>;
}

export async function writeTlsFiles(): Promise<TlsFiles> {
  const folder = await mkdtemp(path.join(tmpdir(), 'candlegate-tls-'));
  const { certificate, key } = makeCertificate();
  const files = { certificate: path.join(folder, 'cert.pem'), key: path.join(folder, 'key.pem') };
  await writeFile(files.certificate, certificate);
  await writeFile(files.key, key);
  return {
    certificate,
    key,
    args: [
      ...['--tls-cert-file', files.certificate, '--tls-key-file', files.key],
      ...['--tls-ca-cert-file', files.certificate, '--tls-auth-clients', 'yes'],
    ],
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** A server that speaks TLS on one port and, for the test itself, plainly on another. */
export interface TlsRedis extends TestCertificate {
  readonly plainUrl: string;
  readonly tlsPort: number;
  stop(): Promise<void>;
}

export async function startTlsRedis(): Promise<TlsRedis> {
  const files = await writeTlsFiles();
  const tlsPort = await freePort();
  const server = await startRedis({ args: [...files.args, '--tls-port', String(tlsPort)] });
  return {
    certificate: files.certificate,
    key: files.key,
    tlsPort,
    plainUrl: server.url,
    async stop() {
      await server.stop();
      await files.remove();
    },
  };
}
