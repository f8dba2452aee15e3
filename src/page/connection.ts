import { fullJitterDelay } from './backoff.ts';
import { closePolicy } from './close-policy.ts';
import {
  INITIAL_STATE,
  offline,
  type CheckOutcome,
  type ConnectionEvent,
  type ConnectionState,
  type Effect,
  type Step,
} from './connection-state.ts';
import { ping, receive, subscribe } from './conversation.ts';
import { FRESH_MARK } from './resume.ts';

/**
 * The connection as a pure state machine: events and the time go in, the next state and what is to
 * be done come out. It knows no DOM and no WebSocket; `gateway-connection.ts` carries out its effects.
 */

/** How long the check, or the socket up to `subscribed`, may take. */
export const CONNECT_TIMEOUT_MS = 10_000;
/** An unanswered ping makes the connection count as dead after this. */
export const PONG_TIMEOUT_MS = 10_000;
/** A connection that held this long starts the backoff anew. */
export const STABLE_MS = 10_000;

/**
 * @param now ms since 1970
 * @param random a number in [0, 1), spent on the jitter of a retry
 */
export function step(
  state: ConnectionState,
  event: ConnectionEvent,
  now: number,
  random: number,
): Step {
  switch (event.type) {
    case 'connect': {
      // Coming back to the same channel resumes where it was left.
      const same = state.target?.channel === event.target.channel;
      const mark = same ? state.mark : FRESH_MARK;
      const fresh = { ...INITIAL_STATE, target: event.target, mark, nextId: state.nextId };
      return after([{ type: 'abandon' }], begin(fresh, now));
    }
    case 'disconnect':
      return { state: offline(state, { name: 'idle' }), effects: [{ type: 'abandon' }] };
    case 'select':
      return select(state, event.channel);
    case 'refresh': {
      if (state.phase.name !== 'open') return nothing(state);
      const id = String(state.nextId);
      return {
        state: { ...state, nextId: state.nextId + 1, refreshing: { id, token: event.token } },
        effects: [{ type: 'send', message: { type: 'auth', id, token: event.token } }],
      };
    }
    case 'checked':
      return checked(state, event.outcome, now, random);
    case 'socket_opened':
      if (state.phase.name !== 'connecting') return nothing(state);
      return subscribe({ ...state, socketUp: true });
    case 'socket_closed':
      return socketClosed(state, event.code, event.reason, now, random);
    case 'received':
      return isTalking(state) ? receive(state, event.message, now) : nothing(state);
    case 'online':
      return state.phase.name === 'waiting' ? begin(state, now) : nothing(state);
    case 'tick':
      return tick(state, now, random);
  }
}

/** When the next `tick` is due, or null when nothing waits for the time. */
export function nextDeadline(state: ConnectionState): number | null {
  const { phase } = state;
  switch (phase.name) {
    case 'idle':
    case 'closed':
      return null;
    case 'waiting':
      return phase.retryAt;
    case 'checking':
    case 'connecting':
      return phase.deadline;
    case 'open': {
      const { outstanding, nextAt } = state.ping;
      return outstanding === null ? nextAt : outstanding.sentAt + PONG_TIMEOUT_MS;
    }
  }
}

function nothing(state: ConnectionState): Step {
  return { state, effects: [] };
}

function after(effects: readonly Effect[], then: Step): Step {
  return { state: then.state, effects: [...effects, ...then.effects] };
}

function isTalking(state: ConnectionState): boolean {
  return state.phase.name === 'open' || (state.phase.name === 'connecting' && state.socketUp);
}

function begin(state: ConnectionState, now: number): Step {
  if (state.target === null) return nothing(state);
  const { token } = state.target;
  const deadline = now + CONNECT_TIMEOUT_MS;
  return state.checkFirst
    ? {
        state: offline(state, { name: 'checking', deadline }),
        effects: [{ type: 'check', token }],
      }
    : {
        state: offline(state, { name: 'connecting', deadline }),
        effects: [{ type: 'open', token }],
      };
}

function select(
  state: ConnectionState,
  channel: NonNullable<typeof state.target>['channel'],
): Step {
  const { target } = state;
  if (target === null || target.channel === channel) return nothing(state);
  const moved = { ...state, target: { ...target, channel }, mark: FRESH_MARK };
  if (!isTalking(state)) return nothing(moved);
  const id = String(moved.nextId);
  const leave: Effect = {
    type: 'send',
    message: { type: 'unsubscribe', id, channels: [target.channel] },
  };
  return after([leave], subscribe({ ...moved, nextId: moved.nextId + 1 }));
}

function checked(state: ConnectionState, outcome: CheckOutcome, now: number, random: number): Step {
  if (state.phase.name !== 'checking') return nothing(state);
  switch (outcome.status) {
    case 'accepted': {
      const { source, channels } = outcome;
      return after(
        [{ type: 'served', source, channels }],
        begin({ ...state, checkFirst: false }, now),
      );
    }
    case 'refused':
      return nothing(offline(state, { name: 'closed', why: outcome.why, mend: 'token' }));
    case 'unavailable':
      return retry(state, outcome.why, outcome.retryAfterMs ?? null, now, random);
  }
}

/** Waits for the next attempt; `delayMs` null takes the backoff. */
function retry(
  state: ConnectionState,
  why: string,
  delayMs: number | null,
  now: number,
  random: number,
): Step {
  const retryAt = now + (delayMs ?? fullJitterDelay(state.attempts, random));
  return nothing(
    offline({ ...state, attempts: state.attempts + 1 }, { name: 'waiting', retryAt, why }),
  );
}

function socketClosed(
  state: ConnectionState,
  code: number,
  reason: string,
  now: number,
  random: number,
): Step {
  const { phase } = state;
  if (phase.name !== 'connecting' && phase.name !== 'open') return nothing(state);
  const held = phase.name === 'open' && now - phase.openedAt >= STABLE_MS;
  // A handshake that failed may be a refused token, and only REST can say so.
  const ended = {
    ...state,
    attempts: held ? 0 : state.attempts,
    checkFirst: !state.socketUp,
  };
  const policy = closePolicy(code, reason);
  if (policy.action === 'give_up') {
    const { text: why, mend } = policy;
    return nothing(offline({ ...ended, checkFirst: true }, { name: 'closed', why, mend }));
  }
  const why = state.socketUp ? policy.text : 'The gateway could not be reached';
  // The gateway's own word counts; "at once" only the first time, or a fault would become a storm.
  const atOnce = policy.atOnce && ended.attempts === 0 ? 0 : null;
  return retry(ended, why, state.goingAwayMs ?? atOnce, now, random);
}

function tick(state: ConnectionState, now: number, random: number): Step {
  const deadline = nextDeadline(state);
  if (deadline === null || now < deadline) return nothing(state);
  switch (state.phase.name) {
    case 'idle':
    case 'closed':
      return nothing(state);
    case 'waiting':
      return begin(state, now);
    case 'open':
      if (state.ping.outstanding === null) return ping(state, now);
      return after(
        [{ type: 'abandon' }],
        socketClosed({ ...state, goingAwayMs: null }, 1006, '', now, random),
      );
    case 'checking':
    case 'connecting':
      return after(
        [{ type: 'abandon' }],
        retry({ ...state, checkFirst: true }, 'The gateway did not answer', null, now, random),
      );
  }
}
