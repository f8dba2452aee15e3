import type { Encoding } from './options.ts';

/** `candlegate.v1.json`: one JSON text per message. */
export const json: Encoding = {
  protocol: 'candlegate.v1.json',
  open: () => JSON.parse as (data: unknown) => unknown,
};
