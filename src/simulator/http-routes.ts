import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { Clock } from '../time/clock.ts';
import { DROP_WAYS, faultPatchSchema, type Faults } from './faults.ts';
import { RET_CODES, restAnswer, type RestApi } from './rest-api.ts';
import type { RestLimit } from './rest-limit.ts';
import { randomOf } from './seeded-random.ts';
import type { SimulatedClock } from './simulated-clock.ts';

/**
 * Body of `POST /simulator/faults`: changes to the faults, and beside them `reset` (first back to a
 * healthy exchange) and `dropConnections` (last, ends every open WebSocket).
 */
export const faultRequestSchema = faultPatchSchema.extend({
  reset: z.boolean().optional(),
  dropConnections: z.enum(DROP_WAYS).optional(),
});

const MAX_BODY_BYTES = 65_536;
const FAULTS_PATH = '/simulator/faults';

type Answer = readonly [status: number, body: unknown];

/** Answers every plain HTTP request: the exchange's REST, and the switchboard of the faults. */
export function createHttpRoutes(deps: {
  readonly restApi: RestApi;
  readonly restLimit: RestLimit;
  readonly faults: Faults;
  readonly exchangeClock: SimulatedClock;
  readonly wall: Clock;
  readonly seed: number;
}): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const { restApi, restLimit, faults, exchangeClock, wall } = deps;
  const random = randomOf(deps.seed, 0);

  async function switchFaults(request: IncomingMessage): Promise<Answer> {
    if (request.method === 'GET') return [200, faults.state];
    if (request.method !== 'POST') return [405, { error: 'only GET and POST' }];
    // A page in a browser cannot send this type to another origin without being asked first.
    if (!/^application\/json\b/.test(request.headers['content-type'] ?? '')) {
      return [415, { error: 'the body must be application/json' }];
    }
    const parsed = faultRequestSchema.safeParse(await readJson(request));
    if (!parsed.success) return [400, { error: z.prettifyError(parsed.error) }];
    const { reset, dropConnections, ...patch } = parsed.data;
    if (reset === true) faults.reset();
    const state = faults.set(patch);
    const dropped = dropConnections === undefined ? 0 : faults.dropConnections(dropConnections);
    return [200, dropConnections === undefined ? state : { ...state, dropped }];
  }

  async function exchangeAnswer(request: IncomingMessage, url: URL): Promise<Answer> {
    const { rest } = faults.state;
    const address = request.socket.remoteAddress ?? '';
    const allowed = restLimit.allows(address, wall.now(), rest);
    const strikes = rest.chance > 0 && random() < rest.chance;
    // Read before the delay: a slow answer is an old one.
    const time = exchangeClock.now();
    const answer = restApi.answer(url.pathname, url.searchParams, time, rest.rowLateMs);
    if (rest.delayMs > 0) await delay(rest.delayMs);

    if (!allowed || (strikes && rest.status === 403)) return [403, 'access too frequent'];
    if (strikes && rest.status !== null) return [rest.status, 'Internal Server Error'];
    if (strikes && rest.retCode !== null) {
      const message = rest.retCode === RET_CODES.visits ? 'Too many visits!' : 'Server error.';
      return [200, restAnswer(time, {}, rest.retCode, message)];
    }
    if (answer === undefined) return [404, 'not found'];
    if (request.method !== 'GET') return [405, 'method not allowed'];
    return [200, answer];
  }

  return async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://simulator');
    const [status, body] =
      url.pathname === FAULTS_PATH
        ? await switchFaults(request)
        : await exchangeAnswer(request, url);
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    response
      .writeHead(status, {
        'content-type': typeof body === 'string' ? 'text/plain' : 'application/json; charset=utf-8',
        'content-length': Buffer.byteLength(text),
      })
      .end(text);
  };
}

/** @returns undefined when the body is not JSON or too large, which no schema accepts */
async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    return undefined;
  }
}
