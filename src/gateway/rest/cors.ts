import type { HttpAnswer, HttpRequest } from './http.ts';

/** What a page of an allowed origin may read of an answer (Fetch standard, CORS protocol). */
export function corsHeaders(origin: string): Readonly<Record<string, string>> {
  return {
    'Access-Control-Allow-Origin': origin,
    'Access-Control-Expose-Headers':
      'Allow, RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate',
  };
}

export function isPreflight(request: HttpRequest): boolean {
  return (
    request.method === 'OPTIONS' &&
    request.headers.origin !== undefined &&
    request.headers['access-control-request-method'] !== undefined
  );
}

/** Answers `OPTIONS`; the CORS part matters only to a preflight of an allowed origin. */
export function optionsAnswer(preflight: boolean, allow: string): HttpAnswer {
  return {
    status: 204,
    headers: {
      Allow: allow,
      ...(preflight
        ? {
            'Access-Control-Allow-Methods': allow,
            'Access-Control-Allow-Headers': 'Authorization, Content-Type, X-API-Key',
            'Access-Control-Max-Age': '600',
          }
        : {}),
    },
    body: null,
  };
}
