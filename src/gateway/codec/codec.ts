import type { ErrorCode } from '../../candle/codes.ts';
import type { ClientMessage, ServerMessage } from '../../candle/messages.ts';
import type { Frame } from '../transport.ts';

export type Decoded =
  | { readonly ok: true; readonly message: ClientMessage }
  | { readonly ok: false; readonly code: ErrorCode; readonly detail: string; readonly id?: string };

/** Who gets a frame. */
export interface Audience {
  /** Every receiver has been told which channel and epoch the message is of. */
  readonly knowsEpoch: boolean;
}

/** One wire encoding of the protocol, named by its WebSocket subprotocol. */
export interface Codec {
  readonly protocol: string;
  /**
   * Called once per message, however many clients get the frame.
   *
   * @param audience without it nothing is taken for known
   * @param json the message as JSON, where somebody has it already
   */
  encode(message: ServerMessage, audience?: Audience, json?: string): Frame;
  /**
   * Never throws.
   *
   * @param isBinary the type of the WebSocket message, which says what it is encoded in
   */
  decode(data: Uint8Array, isBinary: boolean): Decoded;
}
