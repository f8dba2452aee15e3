import type { ErrorCode } from '../../candle/codes.ts';
import type { ClientMessage, ServerMessage } from '../../candle/messages.ts';
import type { Frame } from '../transport.ts';

export type Decoded =
  | { readonly ok: true; readonly message: ClientMessage }
  | { readonly ok: false; readonly code: ErrorCode; readonly detail: string; readonly id?: string };

/** One wire encoding of the protocol, named by its WebSocket subprotocol. */
export interface Codec {
  readonly protocol: string;
  /** Called once per message, however many clients get the frame. */
  encode(message: ServerMessage): Frame;
  /** Never throws. */
  decode(data: Uint8Array, isBinary: boolean): Decoded;
}
