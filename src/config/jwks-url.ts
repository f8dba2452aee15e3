import type { z } from 'zod';
import { textReader } from './text.ts';

/** Whatever is sent to these never leaves the machine (RFC 8252, section 8.3). */
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** The address of a JWK set: keys from elsewhere in plain text could be anybody's. */
export const jwksUrl: z.ZodType<string, string> = textReader((text) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isSafe =
    url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.test(url.hostname));
  if (url === undefined || !isSafe || url.username !== '' || url.password !== '') {
    return {
      must: 'a URL that begins with https://, or with http:// on this machine, without user and password',
    };
  }
  return { value: text };
});
