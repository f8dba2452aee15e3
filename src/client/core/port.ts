import type { Candle } from '../../candle/candle.ts';
import type { ClientMessage, ServerMessage } from '../../candle/messages.ts';
import type { ClientEvents, CredentialPurpose } from '../types.ts';
import type { Channel } from '../interval.ts';

/** Why something could not be had. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  /** Of the HTTP answer; absent when there was none. */
  readonly status?: number | undefined;
  /** What the answer asks to wait, ms. */
  readonly retryAfterMs?: number | undefined;
}

/** What becomes of a socket. */
export interface SocketListener {
  readonly opened: () => void;
  readonly arrived: (message: ServerMessage) => void;
  /** @param reason what the gateway said: the name of the code */
  readonly lost: (code: number, reason: string) => void;
}

/** What the core reaches the world with. Nothing here may call back before it has returned. */
export interface Port {
  /** Ms since 1970. */
  readonly now: () => number;
  /** A number in [0, 1). */
  readonly random: () => number;
  /** Calls `action` after so many ms. @returns what prevents that */
  readonly after: (ms: number, action: () => void) => () => void;
  /** Makes a credential ready and opens a socket with it. Rejects when that cannot be done, or never settles. */
  readonly connect: (purpose: CredentialPurpose, listener: SocketListener) => PromiseLike<unknown>;
  /** Gives up the socket, or the attempt to open one. */
  readonly disconnect: () => void;
  readonly send: (message: ClientMessage) => void;
  /** Another token of the provider's; undefined when there is none to ask. */
  readonly refresh: (() => PromiseLike<string>) | undefined;
  /** Whether the credential can be used again after its connection has ended with it. */
  readonly isLasting: boolean;
  /** The token that was sent last is in force, or was refused. */
  readonly settleToken: (isAccepted: boolean) => void;
  /** Closed candles after `after`, oldest first, as many as can be had at once; perhaps some beyond the gap. */
  fetch(
    gap: Channel & { readonly after: number; readonly before: number },
  ): PromiseLike<readonly Candle[]>;
  readonly emit: <Name extends keyof ClientEvents>(name: Name, detail: ClientEvents[Name]) => void;
}

/** Whether the same request may succeed later. */
export function isTemporary({ status }: Refusal): boolean {
  return !/^4(?!08|29)/.test(String(status));
}
