import { listEntries } from '../auth/credential-source.ts';
import type { HttpRequest } from '../rest/http.ts';
import { refuse } from '../rest/problem.ts';

/** 16 bytes in base64. */
const KEY = /^[A-Za-z0-9+/]{22}==$/;
const VERSION = '13';

function holds(header: string | undefined, token: string): boolean {
  return listEntries(header).some((entry) => entry.toLowerCase() === token);
}

/**
 * Checks the client's handshake (RFC 6455, section 4.2.1). The native server looks at the key's length
 * only.
 *
 * @throws ProblemError `method_not_allowed`, `upgrade_required` or `invalid_upgrade`
 */
export function checkHandshake({ method, headers }: HttpRequest): void {
  if (method !== 'GET' && method !== 'HEAD') {
    refuse('method_not_allowed', 'A WebSocket begins with GET.', { Allow: 'GET' });
  }
  if (headers.upgrade === undefined || method === 'HEAD') {
    refuse('upgrade_required', 'Connect with a WebSocket client.', { Upgrade: 'websocket' });
  }
  if (!holds(headers.upgrade, 'websocket')) {
    refuse('invalid_upgrade', 'Upgrade must be "websocket".');
  }
  if (!holds(headers.connection, 'upgrade')) {
    refuse('invalid_upgrade', 'Connection must hold "Upgrade".');
  }
  if (headers['sec-websocket-version'] !== VERSION) {
    refuse('invalid_upgrade', `Sec-WebSocket-Version must be ${VERSION}.`, {
      'Sec-WebSocket-Version': VERSION,
    });
  }
  if (!KEY.test(headers['sec-websocket-key'] ?? '')) {
    refuse('invalid_upgrade', 'Sec-WebSocket-Key must be 16 bytes in base64.');
  }
}
