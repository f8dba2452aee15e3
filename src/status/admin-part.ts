import { judged, type Part } from './part.ts';

const TIMEOUT_MS = 3_000;

/** Asks one admin port whether its process is ready; an answer that is none becomes a failure. */
export async function askAdminPort(address: string): Promise<Part> {
  const part = `admin ${address}`;
  try {
    const response = await fetch(new URL('/readyz', address), {
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const lines = (await response.text()).trim().split('\n');
    const failures = lines.filter((line) => line.startsWith('[-] ')).map((line) => line.slice(4));
    if (response.ok) return judged(part, {}, ['ready']);
    return judged(part, { failures: failures.length > 0 ? failures : ['not ready'] }, []);
  } catch (error) {
    const { message, cause } = error as Error;
    return judged(part, { failures: [cause instanceof Error ? cause.message : message] }, []);
  }
}
