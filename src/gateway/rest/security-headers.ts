/** Sent with every answer. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
};

/** For answers that no browser should ever render. */
export const API_CONTENT_POLICY = "default-src 'none'; frame-ancestors 'none'";

/**
 * For the page: its own scripts and styles and nothing else. `connect-src 'self'` covers WebSockets
 * of the same host (CSP level 3, section 6.7.2.8: `ws` matches `http`, `wss` matches `https`).
 */
export const PAGE_CONTENT_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');
