import { z } from 'zod';
import { AdminRefusal, type AdminRoute } from '../../metrics/admin-route.ts';
import type { ConnectionBook } from '../connection-book.ts';

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;
const PARAMETERS = ['subject', 'limit', 'after'];

const orderSchema = z.union([
  z.strictObject({ subject: z.string().min(1) }),
  z.strictObject({ connection: z.string().min(1) }),
]);

/**
 * The operator's paths of a gateway:
 *
 * - `GET /connections?subject=&limit=&after=`: open connections, those of one subject or all, at most
 *   `limit` (1 to 1,000, default 100), the oldest first. `next` is `after` of the next page, or null.
 * - `POST /connections/disconnect` with `{"subject":…}` or `{"connection":…}`: closes with 4402.
 *   `disconnected` says how many.
 *
 * @param log is told of every disconnect, for whoever asks later who did it
 */
export function connectionRoutes(
  gateway: string,
  book: ConnectionBook,
  log: { warn(fields: object, message: string): void },
): readonly AdminRoute[] {
  return [
    {
      path: '/connections',
      method: 'GET',
      answer(query) {
        const unknown = [...query.keys()].find((name) => !PARAMETERS.includes(name));
        if (unknown !== undefined) {
          throw new AdminRefusal(400, `Parameters are ${PARAMETERS.join(', ')}.`);
        }
        const subject = query.get('subject') ?? undefined;
        const limit = readLimit(query.get('limit'));
        const found = book.find({ subject });
        const after = query.get('after');
        const from =
          after === null ? 0 : found.findIndex(({ connection }) => isAfter(connection, after));
        const page = from < 0 ? [] : found.slice(from, from + limit);
        const isLast = from < 0 || from + limit >= found.length;
        return {
          gateway,
          total: found.length,
          connections: page,
          next: isLast ? null : (page.at(-1)?.connection ?? null),
        };
      },
    },
    {
      path: '/connections/disconnect',
      method: 'POST',
      answer(_query, body) {
        const order = orderSchema.safeParse(body);
        if (!order.success) {
          throw new AdminRefusal(400, 'The body must be {"subject":"…"} or {"connection":"…"}.');
        }
        const disconnected = book.disconnect(order.data);
        log.warn({ ...order.data, disconnected }, 'an operator disconnects');
        return { gateway, disconnected };
      },
    },
  ];
}

function readLimit(text: string | null): number {
  if (text === null) return DEFAULT_LIMIT;
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > MAX_LIMIT) {
    throw new AdminRefusal(400, `limit must be a whole number from 1 to ${MAX_LIMIT}.`);
  }
  return limit;
}

/** Names of connections count up in base 36. The one that `after` names may have closed meanwhile. */
function isAfter(connection: string, after: string): boolean {
  return connection.length === after.length ? connection > after : connection.length > after.length;
}
