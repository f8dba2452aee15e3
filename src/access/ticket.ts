import { createSecretText, hashOf, isSecretText } from './secret-text.ts';

const PREFIX = 'cgt_';

/** Makes the text of a ticket, and what is stored of it. */
export function createTicket(): { readonly text: string; readonly hash: string } {
  const text = createSecretText(PREFIX);
  return { text, hash: hashOf(text) };
}

/** What is stored of a ticket that a client presents; undefined for what cannot be one. */
export function readTicket(text: string): string | undefined {
  return isSecretText(text, PREFIX) ? hashOf(text) : undefined;
}
