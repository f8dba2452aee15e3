import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TemplatedApp } from 'uWebSockets.js';
import type { Uws } from './uws.ts';

/** A certificate with those above it, and its private key, both in PEM. */
export interface TlsIdentity {
  readonly certificate: string;
  readonly key: string;
}

/**
 * What TLS 1.2 may use: forward secrecy and authenticated encryption only (Mozilla's intermediate
 * list, RFC 9325). Those of TLS 1.3 are all fine. Older versions the native server never speaks.
 */
const CIPHERS = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

/**
 * The native server's application, with TLS if an identity is given.
 *
 * @throws Error in one sentence when the native server does not take the certificate or key
 */
export function createApp(uws: Uws, tls: TlsIdentity | null): TemplatedApp {
  if (tls === null) return uws.App();
  // The native server reads files only, and only now.
  const folder = mkdtempSync(path.join(tmpdir(), 'candlegate-tls-'));
  const file = (name: string, content: string): string => {
    const at = path.join(folder, name);
    writeFileSync(at, content, { mode: 0o600 });
    return at;
  };
  try {
    return uws.SSLApp({
      cert_file_name: file('certificate.pem', tls.certificate),
      key_file_name: file('key.pem', tls.key),
      ssl_ciphers: CIPHERS,
    });
  } catch (error) {
    throw new Error('the WebSocket server does not take the TLS certificate or its key', {
      cause: error,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
