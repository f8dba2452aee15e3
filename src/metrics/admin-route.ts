import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/** A path of the admin port beyond what every process has. */
export interface AdminRoute {
  /** The whole path. */
  readonly path: string;
  readonly method: 'GET' | 'POST';
  /**
   * @param query of a GET
   * @param body of a POST, parsed JSON
   * @throws AdminRefusal
   */
  answer(query: URLSearchParams, body: unknown): unknown;
}

/** A request of an operator's that cannot be done; the message goes into the answer. */
export class AdminRefusal extends Error {
  override readonly name = 'AdminRefusal';
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

export interface AdminAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const JSON_TYPE = 'application/json';
const MAX_BODY_BYTES = 4096;

/**
 * Answers on an operator's route, in JSON, and sees to it that no page in an operator's browser can
 * ask: such a request carries an `Origin`, or `Sec-Fetch-Site`, or after a rebinding of its name
 * (DNS rebinding) a `Host` that is neither an address nor `localhost`; and a POST of
 * `application/json` would need a preflight, which is never answered.
 *
 * @param ownHost the configured address of the admin port, which `Host` may name too
 */
export async function answerOperator(
  route: AdminRoute,
  request: IncomingMessage,
  ownHost: string,
): Promise<AdminAnswer> {
  try {
    refuseBrowsers(request, ownHost);
    if (request.method !== route.method) {
      throw new AdminRefusal(405, `${route.path} takes ${route.method}.`, { Allow: route.method });
    }
    const query = new URLSearchParams(request.url?.split('?').slice(1).join('?') ?? '');
    const body = route.method === 'POST' ? await readJson(request) : undefined;
    return json(200, route.answer(query, body));
  } catch (error) {
    if (!(error instanceof AdminRefusal)) throw error;
    return { ...json(error.status, { error: error.message }), headers: error.headers };
  }
}

function json(status: number, value: unknown): AdminAnswer {
  return { status, contentType: JSON_TYPE, body: `${JSON.stringify(value)}\n` };
}

function refuseBrowsers({ headers }: IncomingMessage, ownHost: string): void {
  const site = headers['sec-fetch-site'];
  if (headers.origin !== undefined || (site !== undefined && site !== 'none')) {
    throw new AdminRefusal(403, 'Pages may not use the admin port.');
  }
  const host = hostName(headers.host ?? '');
  if (isIP(host) === 0 && host !== 'localhost' && host !== ownHost.toLowerCase()) {
    throw new AdminRefusal(421, 'Host must be an IP address, localhost, or the admin host.');
  }
}

/** The name in a `Host` header, without its port and the brackets of IPv6. */
function hostName(host: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(host);
  return (bracketed?.[1] ?? host.replace(/:\d+$/, '')).toLowerCase();
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const type = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== JSON_TYPE) throw new AdminRefusal(415, `Content-Type must be ${JSON_TYPE}.`);
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) {
    text += String(chunk);
    if (text.length > MAX_BODY_BYTES) {
      throw new AdminRefusal(413, `A body has at most ${MAX_BODY_BYTES} characters.`);
    }
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new AdminRefusal(400, 'The body is not JSON.');
  }
}
