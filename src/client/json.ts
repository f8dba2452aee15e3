import type { Encoding } from './options.ts';

/** `candlegate.v1.json`: one JSON text per message. */
export const json: Encoding = {
  protocol: 'candlegate.v1.json',
  open: () => ({
    write: (message) => JSON.stringify(message),
    read: (data) => (typeof data === 'string' ? JSON.parse(data) : undefined) as unknown,
  }),
};
