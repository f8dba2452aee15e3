import { CommandFailure, type Console } from '../cli/console.ts';
import type { HealthConfig } from '../config/load.ts';

/** Whoever asks has a limit of its own, which ends this process without a word. */
const TIMEOUT_MS = 3_000;

/** Addresses to listen on that are none to connect to. */
const ANY_ADDRESS: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/**
 * Prints what the admin port answers to `/livez`, or to `/readyz`.
 *
 * @throws CommandFailure when there is no answer, or another one than 200
 */
export async function checkHealth(
  { admin }: HealthConfig,
  { ready }: { readonly ready: boolean },
  console: Console,
): Promise<void> {
  const host = ANY_ADDRESS[admin.host] ?? admin.host;
  const authority = `${host.includes(':') ? `[${host}]` : host}:${admin.port}`;
  const url = `http://${authority}/${ready ? 'readyz' : 'livez'}`;
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    text = (await response.text()).trimEnd();
  } catch (error) {
    const { message, cause } = error as Error;
    const reason = cause instanceof Error ? cause.message : message;
    throw new CommandFailure(`${url} does not answer: ${reason}`);
  }
  if (!response.ok) throw new CommandFailure(`${url} answered ${response.status}:\n${text}`);
  console.out(text);
}
