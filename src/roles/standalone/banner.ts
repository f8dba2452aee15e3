import { fileURLToPath } from 'node:url';
import type { Source } from '../../candle/messages.ts';

export interface BannerFacts {
  readonly host: string;
  readonly port: number;
  /** Whether the public port speaks TLS. */
  readonly isSecure: boolean;
  readonly source: Source;
  /** Null when tokens are made elsewhere, with a key that is not ours. */
  readonly token: string | null;
  /** Of this run only: an in-process store takes no others. */
  readonly apiKey: string;
  /** One that is served. */
  readonly channel: string;
}

/** What a newcomer needs next: where the page is, a token, and a line to paste into a terminal. */
export function bannerLines({
  host,
  port,
  isSecure,
  source,
  token,
  apiKey,
  channel,
}: BannerFacts): string[] {
  const s = isSecure ? 's' : '';
  const authority = `${reachable(host)}:${port}`;
  const page = `http${s}://${authority}/`;
  const feed = source === 'bybit' ? 'live from Bybit' : 'SIMULATED prices (source: simulator)';
  if (token === null) {
    return [
      '',
      `  Page    ${page}`,
      `  Feed    ${feed}`,
      '  Token   made by the holder of the key',
      `  API key ${apiKey}`,
      '',
    ];
  }
  const program = fileURLToPath(new URL('../../cli.js', import.meta.url));
  return [
    '',
    // A fragment never leaves the browser.
    `  Page    ${page}#token=${token}`,
    `  Feed    ${feed}`,
    `  Token   ${token}`,
    `  API key ${apiKey}`,
    '  Stream  paste this into another terminal:',
    '',
    `node ${quoted(program)} stream --url ws${s}://${authority} --token ${token} ${channel}`,
    '',
  ];
}

function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

/** For a shell. */
function quoted(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
