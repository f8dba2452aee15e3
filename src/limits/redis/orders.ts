import type { AdmissionOrder, AdmissionReply } from '../store.ts';

/** The keys of an order as the script takes them. */
export function orderKeys({ guard, window, places }: AdmissionOrder, prefix: string): string[] {
  const names = [guard?.key, window?.key, ...places.map(({ key }) => key)];
  return names.filter((name) => name !== undefined).map((name) => prefix + name);
}

/** The arguments of an order as the script takes them. */
export function orderArguments({ guard, window, places }: AdmissionOrder): number[] {
  return [
    guard?.quota.limit ?? -1,
    window?.quota.limit ?? -1,
    window?.quota.windowSeconds ?? 0,
    places.length,
    ...places.flatMap(({ limit, held }) => [limit, held]),
  ];
}

/**
 * Reads the script's answer: two numbers for each order.
 *
 * @throws Error when it is not that
 */
export function readReplies(orders: readonly AdmissionOrder[], answer: unknown): AdmissionReply[] {
  if (!Array.isArray(answer) || answer.length !== 2 * orders.length) {
    throw new Error('the admission script gave a strange answer');
  }
  return orders.map((order, index) =>
    readReply(order, Number(answer[2 * index]), Number(answer[2 * index + 1])),
  );
}

function readReply(order: AdmissionOrder, refused: number, expiresMs: number): AdmissionReply {
  if (refused === 0) return { refusedBy: null };
  const retryAfterMs = Math.max(0, expiresMs);
  if (refused === -1) return { refusedBy: 'guard', retryAfterMs };
  if (refused === -2) return { refusedBy: 'window', retryAfterMs };
  return { refusedBy: 'place', key: order.places[refused - 1]?.key ?? '' };
}

/** An order in parts whose keys lie in one slot each: those with the same hash tag. */
export function partsBySlot(order: AdmissionOrder): AdmissionOrder[] {
  const tags = new Set(
    [order.guard, order.window, ...order.places]
      .filter((item) => item !== null)
      .map(({ key }) => tagOf(key)),
  );
  return [...tags].map((tag) => ({
    guard: order.guard !== null && tagOf(order.guard.key) === tag ? order.guard : null,
    window: order.window !== null && tagOf(order.window.key) === tag ? order.window : null,
    places: order.places.filter(({ key }) => tagOf(key) === tag),
  }));
}

/** What decides over the slot: the text between the first `{` and the next `}`. */
function tagOf(key: string): string {
  return key.slice(key.indexOf('{') + 1, key.indexOf('}'));
}
