import { CLOSE_CODES, ERROR_CODES, type CloseReason, type ErrorCode } from '../../candle/codes.ts';
import type { ServerMessage } from '../../candle/messages.ts';
import { frameBytes } from '../frame-bytes.ts';
import type { Transport } from '../transport.ts';
import type { SessionContext } from './session-context.ts';
import type { SocketDelivery } from './socket-delivery.ts';

/** What is sent to one client alone; candles come by fan-out, or in snapshots. */
export type DirectMessage = Exclude<ServerMessage, { type: 'candle' }>;

/** The line to one client: what is sent to it alone, and how its connection ends. */
export class ClientLine {
  readonly transport: Transport;
  readonly #context: SessionContext;
  readonly #delivery: SocketDelivery;
  /** The code that this side closed with; 0 while it has not. */
  #closeCode = 0;
  #isClosed = false;

  constructor(context: SessionContext, transport: Transport, delivery: SocketDelivery) {
    this.transport = transport;
    this.#context = context;
    this.#delivery = delivery;
  }

  /** Whether it has ended, or this side has closed it. */
  get isOver(): boolean {
    return this.#isClosed || this.#closeCode !== 0;
  }

  /** @returns false when the message was dropped */
  send(message: DirectMessage): boolean {
    const { codec, metrics } = this.#context;
    const frame = codec.encode(message);
    if (this.transport.send(frame) === 'dropped') return false;
    metrics.messageSent(message.type, codec.protocol, frameBytes(frame));
    return true;
  }

  /**
   * Sends what the client waits for. Nothing is queued, so a client whose buffer is over its bound
   * and who still asks is closed rather than left without an answer.
   */
  answer(message: DirectMessage): void {
    if (this.isOver || this.send(message)) return;
    this.#context.metrics.closedTooSlow('answer_dropped');
    this.end('too_slow');
  }

  /** Answers with an error. */
  refuse(
    code: ErrorCode,
    id: string | undefined,
    detail: string = ERROR_CODES[code],
    channel?: string,
  ): void {
    this.#context.metrics.errorSent(code);
    this.answer({ type: 'error', id, code, message: detail, channel });
  }

  /** Closes with the code of the reason, unless it is over. */
  end(reason: CloseReason): void {
    if (this.isOver) return;
    this.#closeCode = CLOSE_CODES[reason];
    this.#delivery.close();
    this.transport.close(this.#closeCode, reason);
  }

  /**
   * The socket has closed.
   *
   * @param code that the other side closed with, or 1006
   * @returns the code that counts; undefined when this was known already
   */
  closed(code: number): number | undefined {
    if (this.#isClosed) return undefined;
    this.#isClosed = true;
    this.#delivery.close();
    return this.#closeCode === 0 ? code : this.#closeCode;
  }
}
