import type { ClientMessage, ServerMessage, ServerMessageOf } from '../../candle/messages.ts';
import type { ClientState, CloseReason, CredentialPurpose } from '../types.ts';
import { fullJitterDelay } from './backoff.ts';
import { createChannels } from './channels.ts';
import { hopLatencies } from './hops.ts';
import { startPings, type Pings } from './pings.ts';
import { isTemporary, type Port, type Refusal } from './port.ts';
import { receiptReporter } from './receipts.ts';
import { createScope } from './scope.ts';
import { Mode, type Reader, type ReaderSpec } from './reader.ts';

/** How long a connection may take to be made, from the credential to the open socket. */
export const CONNECT_TIMEOUT_MS = 15_000;
/** Between two attempts to refresh a token. */
export const REFRESH_RETRY_MS = 5_000;
/** An enum, for its members become plain numbers in a bundle. */
enum Phase {
  /** Nobody has subscribed to anything. */
  Idle,
  Connecting,
  Open,
  /** For the next attempt. */
  Waiting,
  Closed,
}

/**
 * The client's side of PROTOCOL.md without any transport: what happens goes in, and what is to be done
 * goes to the port. It opens nothing and reads no clock but the port's.
 *
 * @param receipts whether to report receipt times
 */
export function createCore(world: Port, receipts: boolean) {
  let phase = Phase.Idle as Phase;
  let closeReason: CloseReason;
  let retryAt: number | null = null;
  /** Why the last attempt or connection ended, in a sentence. */
  let why: string | null = null;
  /** Failed attempts since the last connection that held. */
  let attempts = 0;
  let purpose: CredentialPurpose = 'connect';
  /** The delay that `going_away` asked for, until the close that follows it. */
  let goingAwayMs: number | undefined;
  /** Whether everything was ever up to date. */
  let wasLive = false;
  let auths = 0;
  let pings: Pings | undefined;
  let shownState = '';

  const { heard, after, settle, end } = createScope(world, enter);
  const { now, emit } = world;
  function send(message: ClientMessage): void {
    if (phase !== Phase.Open) return;
    emit('wire', {
      direction: 'out',
      message: { ...message, token: undefined } as never,
      at: now(),
    });
    world.send(message);
  }
  const port = {
    ...world,
    send,
    after,
    settle,
  };
  const channels = createChannels(port);
  const { readers } = channels;
  const report = receiptReporter(send);
  const clock = () => pings?.clock() ?? null;

  /** Takes something in, and does what follows from it. */
  function enter(task: () => void): void {
    if (phase !== Phase.Closed) task();
    if (phase === Phase.Open) channels.ask();
    if (phase === Phase.Closed) channels.endAll(closeReason);
    const state = stateOf();
    const shown = JSON.stringify(state);
    if (shown !== shownState) emit('state', state);
    shownState = shown;
  }

  function stateOf(): ClientState {
    if (phase === Phase.Idle) return { name: 'idle' };
    if (phase === Phase.Closed) return { name: 'closed', reason: closeReason };
    if (phase !== Phase.Open || [...readers].some((reader) => reader.isLate)) {
      return { name: wasLive ? 'resuming' : 'connecting', retryAt, why };
    }
    // Nothing is late: whoever asks first finds that out.
    wasLive = true;
    const stale = channels.stale();
    return stale[0] ? { name: 'stale', channels: stale } : { name: 'live' };
  }

  /** Ends what the phase before has set going. */
  function turn(next: Phase): void {
    phase = next;
    retryAt = null;
    end(next !== Phase.Open);
    if (next === Phase.Open) return;
    world.disconnect();
    channels.lost();
    goingAwayMs = undefined;
  }

  function connect(): void {
    turn(Phase.Connecting);
    after(CONNECT_TIMEOUT_MS, () => wait('timeout'));
    const listener = { opened: heard(opened), arrived: heard(receive), lost: heard(lost) };
    settle(world.connect(purpose, listener), () => {}, failed);
  }

  /** Until the next attempt; without a delay that the gateway has given, as the backoff says. */
  function wait(
    reason: string,
    delayMs = goingAwayMs ?? fullJitterDelay(attempts, world.random()),
  ): void {
    turn(Phase.Waiting);
    attempts += 1;
    why = reason;
    retryAt = now() + delayMs;
    after(delayMs, connect);
  }

  function close(reason: CloseReason): void {
    turn(Phase.Closed);
    closeReason = reason;
  }

  function failed(refusal: Refusal): void {
    const isRenewable = refusal.status === 401 && world.refresh && purpose !== 'refused';
    if (isRenewable) purpose = 'refused';
    if (isRenewable || isTemporary(refusal)) {
      wait(refusal.message, refusal.retryAfterMs);
      emit('error', refusal);
    } else close(refusal);
  }

  function lost(code: number, reason: string): void {
    const name = reason || `close_${code}`;
    // By PROTOCOL.md's table of close codes; unknown ones follow their range: 4400 to 4499 are for good.
    const returns =
      { 4401: world.isLasting, 4403: world.refresh, 4429: true }[code] ?? !/^44/.test(String(code));
    if (!returns) {
      close({ code: name, message: name });
      return;
    }
    if (code === 4403) purpose = 'refused';
    // The gateway's own word counts; "at once" only the first time, or a fault would become a storm.
    const isAtOnce = attempts === 0 && [4000, 4001, 4401, 4403].includes(code);
    wait(name, isAtOnce ? (goingAwayMs ?? 0) : undefined);
  }

  function opened(): void {
    turn(Phase.Open);
    pings = startPings(
      port,
      () => wait('close_1006'),
      () => (attempts = 0),
    );
  }

  const handlers: {
    readonly [Type in ServerMessage['type']]?: (message: ServerMessageOf<Type>) => void;
  } = {
    ...channels.messages,
    welcome(message) {
      purpose = 'connect';
      emit('welcome', message);
    },
    candle(message) {
      const received = now();
      const estimate = clock();
      if (receipts && estimate) report(message, received, estimate);
      channels.candle(message, received, hopLatencies(message.times, received, estimate));
    },
    pong: (message) => pings?.pong(message),
    token_expiring({ expiresAt }) {
      if (world.refresh) refresh();
      else emit('expiring', { expiresAt });
    },
    authenticated(message) {
      if (message.id === `a${auths}`) world.settleToken(true);
    },
    error(message) {
      if (channels.refused(message)) {
        restIfEmpty();
        return;
      }
      if (message.id === `a${auths}`) {
        world.settleToken(false);
        refreshFailed(message);
        return;
      }
      emit('error', message);
      // Nobody knows which message has not been read.
      if (['rate_limited', 'message_too_big'].includes(message.code)) wait(message.code);
    },
    going_away({ reconnectDelayMs }) {
      goingAwayMs = reconnectDelayMs;
    },
  };
  function receive(message: ServerMessage): void {
    emit('wire', { direction: 'in', message, at: now() });
    handlers[message.type]?.(message as never);
  }

  function refresh(): void {
    if (world.refresh) settle(world.refresh(), authenticate, refreshFailed);
  }
  function refreshFailed(refusal: Refusal): void {
    emit('error', refusal);
    after(REFRESH_RETRY_MS, refresh);
  }
  function authenticate(token: string): void {
    send({ type: 'auth', id: `a${(auths += 1)}`, token });
  }

  function restIfEmpty(): void {
    if (readers.size > 0) return;
    turn(Phase.Idle);
    wasLive = false;
  }

  return {
    clock,
    state: stateOf,

    subscribe(spec: ReaderSpec) {
      const reader: Reader = {
        ...spec,
        mode: Mode.Wanting,
        feed: 'live',
        room: spec.capacity,
        isLate: !wasLive || phase !== Phase.Open,
      };
      readers.add(reader);
      enter(() => {
        if (phase === Phase.Idle) connect();
      });
      return {
        /** The reader has taken a closed candle. */
        consumed() {
          reader.room += 1;
          if (reader.mode === Mode.Behind && reader.room * 2 >= reader.capacity)
            enter(() => (reader.mode = Mode.Wanting));
        },
        close() {
          reader.mode = Mode.Ended;
          if (!readers.delete(reader)) return;
          enter(() => {
            channels.remove(reader);
            restIfEmpty();
          });
        },
      };
    },
    close: (reason: CloseReason) => enter(() => close(reason)),
    /** The network is back, or somebody is impatient: a retry that waits is made now. */
    wake: () =>
      enter(() => {
        if (phase === Phase.Waiting) connect();
      }),
    authenticate: (token: string) => enter(() => authenticate(token)),
  };
}
