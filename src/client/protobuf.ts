import { messageReader } from './protobuf/read.ts';
import type { Encoding } from './options.ts';

/** `candlegate.v1.protobuf`: one binary message per message, about a ninth of the size of JSON. */
export const protobuf: Encoding = {
  protocol: 'candlegate.v1.protobuf',
  open: messageReader,
};
