import type { ServerMessage, ServerMessageOf } from '../candle/messages.ts';
import { addSample } from './clock-offset.ts';
import {
  offline,
  type ConnectionState,
  type Effect,
  type Phase,
  type Step,
} from './connection-state.ts';
import { FRESH_MARK, judge } from './resume.ts';

/** What is said on an open socket: the part of the connection core that reads PROTOCOL.md's messages. */

/** Closed candles asked for when a channel is opened. */
export const SNAPSHOT_CANDLES = 300;
/** Time between two pings. They measure the round trip and find dead connections. */
export const PING_INTERVAL_MS = 5_000;
/** A new connection pings faster: its first pings wait behind the snapshot and mislead the clock. */
const FIRST_PING_INTERVAL_MS = 1_000;
const FIRST_PINGS = 4;

/** Subscribes to the target's channel, with `since` when something of it is already here. */
export function subscribe(state: ConnectionState): Step {
  if (state.target === null) return { state, effects: [] };
  const { channel } = state.target;
  const { lastClosed } = state.mark;
  const id = String(state.nextId);
  const base = { type: 'subscribe' as const, id, channels: [channel] };
  return {
    state: { ...state, nextId: state.nextId + 1, subscribeId: id },
    effects: [
      {
        type: 'send',
        message:
          lastClosed === null
            ? { ...base, snapshot: SNAPSHOT_CANDLES }
            : { ...base, since: { [channel]: lastClosed } },
      },
    ],
  };
}

/** Sends a ping and waits for its pong. */
export function ping(state: ConnectionState, now: number): Step {
  const id = String(state.nextId);
  const isFirst = state.pingSamples.length < FIRST_PINGS;
  const nextAt = now + (isFirst ? FIRST_PING_INTERVAL_MS : PING_INTERVAL_MS);
  return {
    state: {
      ...state,
      nextId: state.nextId + 1,
      ping: { nextAt, outstanding: { id, sentAt: now } },
    },
    effects: [{ type: 'send', message: { type: 'ping', id } }],
  };
}

/** Takes in a message of the server. Unknown types change nothing (PROTOCOL.md, "Subprotocols"). */
export function receive(state: ConnectionState, message: ServerMessage, now: number): Step {
  switch (message.type) {
    case 'welcome': {
      const { source, gateway, connection, expiresAt } = message;
      return only({ ...state, session: { source, gateway, connection, expiresAt } });
    }
    case 'subscribed':
      return subscribed(state, message, now);
    case 'snapshot':
      return snapshot(state, message);
    case 'candle': {
      if (message.channel !== state.target?.channel) return only(state);
      const { verdict, mark } = judge(state.mark, message);
      if (verdict === 'repeat') return only({ ...state, mark });
      if (verdict === 'gap') return subscribe({ ...state, mark });
      return only({ ...state, mark }, { type: 'update', message });
    }
    case 'heartbeat': {
      const head = message.channels.find(({ channel }) => channel === state.target?.channel);
      if (head === undefined || state.phase.name !== 'open') return only(state);
      return only({ ...state, phase: { ...state.phase, feed: head.state } });
    }
    case 'pong': {
      const { outstanding } = state.ping;
      if (outstanding === null || outstanding.id !== message.id) return only(state);
      const sample = {
        sentAt: outstanding.sentAt,
        receivedAt: now,
        serverTime: message.time,
      };
      return only({
        ...state,
        ping: { ...state.ping, outstanding: null },
        pingSamples: addSample(state.pingSamples, sample),
      });
    }
    case 'token_expiring':
      return only(state, {
        type: 'notice',
        text: 'The token ends soon: enter a new one to stay connected.',
      });
    case 'authenticated':
      return authenticated(state, message);
    case 'error':
      return refused(state, message);
    case 'going_away':
      return only({ ...state, goingAwayMs: message.reconnectDelayMs });
    case 'unsubscribed':
      return only(state);
    default:
      return only(state);
  }
}

function only(state: ConnectionState, ...effects: Effect[]): Step {
  return { state, effects };
}

function subscribed(
  state: ConnectionState,
  message: ServerMessageOf<'subscribed'>,
  now: number,
): Step {
  const head = message.channels.find(({ channel }) => channel === state.target?.channel);
  if (head === undefined || message.id !== state.subscribeId) return only(state);
  const wasOpen = state.phase.name === 'open' ? state.phase : null;
  const phase: Phase = { name: 'open', openedAt: wasOpen?.openedAt ?? now, feed: head.state };
  const opened: ConnectionState = {
    ...state,
    phase,
    // The first ping goes out at once: the latency panel needs the clock offset.
    ping: wasOpen === null ? { nextAt: now, outstanding: null } : state.ping,
  };
  if (head.recovered !== false) return only(opened);
  return only(
    { ...opened, mark: FRESH_MARK },
    { type: 'history', replace: true, source: message.source, candles: [] },
    {
      type: 'notice',
      text: 'History no longer reaches back to the last candle seen; the chart starts anew.',
    },
  );
}

function snapshot(state: ConnectionState, message: ServerMessageOf<'snapshot'>): Step {
  if (message.channel !== state.target?.channel) return only(state);
  const { mark } = state;
  const known = mark.replacing ? null : mark.lastClosed;
  const candles = message.candles.filter(({ start }) => known === null || start > known);
  const lastClosed = candles.findLast(({ confirm }) => confirm)?.start ?? known;
  return only(
    {
      ...state,
      mark: {
        ...mark,
        lastClosed,
        epoch: message.epoch,
        offset: message.offset,
        replacing: false,
        resyncing: mark.resyncing && message.more === true,
      },
    },
    { type: 'history', replace: mark.replacing, source: message.source, candles },
  );
}

function authenticated(state: ConnectionState, message: ServerMessageOf<'authenticated'>): Step {
  const { refreshing, target, session } = state;
  if (refreshing === null || refreshing.id !== message.id || target === null) return only(state);
  return only(
    {
      ...state,
      refreshing: null,
      target: { ...target, token: refreshing.token },
      session: session === null ? null : { ...session, expiresAt: message.expiresAt },
    },
    { type: 'notice', text: 'The new token is in force.' },
  );
}

function refused(state: ConnectionState, message: ServerMessageOf<'error'>): Step {
  if (message.id !== undefined && message.id === state.refreshing?.id) {
    return only(
      { ...state, refreshing: null },
      { type: 'notice', text: `The new token was refused: ${message.message}` },
    );
  }
  const isDropped =
    message.code === 'forbidden_channel' && message.channel === state.target?.channel;
  if (isDropped || (message.id !== undefined && message.id === state.subscribeId)) {
    return only(
      offline(
        { ...state, checkFirst: true },
        { name: 'closed', why: message.message, mend: 'channel' },
      ),
      { type: 'abandon' },
    );
  }
  return only(state);
}
