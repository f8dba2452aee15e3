import type { ClientMessage, ServerMessage } from '../candle/messages.ts';
import { formatMinute, formatMs, formatStart, groupDigits, intervalLabel } from './format.ts';

export const MAX_ENTRIES = 200;
/** Longer raw texts (snapshots) are cut: the log must stay small. */
const MAX_RAW_CHARACTERS = 4_000;

export const FILTERS = ['all', 'candles', 'closed', 'control'] as const;
export type Filter = (typeof FILTERS)[number];

export interface LogEntry {
  /** Grows by one per entry. */
  readonly id: number;
  /** ms since 1970. */
  readonly time: number;
  readonly direction: 'in' | 'out' | 'page';
  readonly kind: string;
  readonly text: string;
  readonly raw: string;
  /** Which filters besides `all` show it. */
  readonly shownBy: readonly Filter[];
}

/** The newest messages, newest first, at most `MAX_ENTRIES`. */
export class MessageLog {
  #entries: LogEntry[] = [];
  #nextId = 1;

  get entries(): readonly LogEntry[] {
    return this.#entries;
  }

  /** Id of the newest entry ever, 0 before the first. */
  get lastId(): number {
    return this.#nextId - 1;
  }

  received(message: ServerMessage, raw: string, time: number): void {
    this.#add('in', message.type, describeServerMessage(message), raw, time, filtersOf(message));
  }

  sent(message: ClientMessage, time: number): void {
    // A token never enters the log.
    const shown = message.type === 'auth' ? { ...message, token: '…' } : message;
    const raw = JSON.stringify(shown);
    const filters: Filter[] = message.type === 'ping' ? [] : ['control'];
    this.#add('out', message.type, describeClientMessage(message), raw, time, filters);
  }

  /** Something that the page itself has to say. */
  note(text: string, time: number): void {
    this.#add('page', 'note', text, text, time, ['control']);
  }

  clear(): void {
    this.#entries = [];
  }

  #add(
    direction: LogEntry['direction'],
    kind: string,
    text: string,
    raw: string,
    time: number,
    shownBy: readonly Filter[],
  ): void {
    const cut = raw.length > MAX_RAW_CHARACTERS;
    this.#entries.unshift({
      id: this.#nextId++,
      time,
      direction,
      kind,
      text,
      raw: cut ? `${raw.slice(0, MAX_RAW_CHARACTERS)}… (${raw.length} characters)` : raw,
      shownBy,
    });
    if (this.#entries.length > MAX_ENTRIES) this.#entries.length = MAX_ENTRIES;
  }
}

export function isShown(entry: LogEntry, filter: Filter): boolean {
  return filter === 'all' || entry.shownBy.includes(filter);
}

function filtersOf(message: ServerMessage): Filter[] {
  if (message.type === 'candle')
    return message.candle.confirm ? ['candles', 'closed'] : ['candles'];
  return message.type === 'pong' ? [] : ['control'];
}

/** `candles:BTCUSDT:1` as people read it: `BTCUSDT 1m`. */
function readable(channel: string): string {
  const [, symbol = '', interval = ''] = channel.split(':');
  return `${symbol} ${intervalLabel(interval).short}`;
}

function describeClientMessage(message: ClientMessage): string {
  switch (message.type) {
    case 'subscribe': {
      const since = Object.values(message.since ?? {})[0];
      const how = since === undefined ? '' : `, since ${formatMinute(since)}`;
      return `${message.channels.map(readable).join(', ')}${how}`;
    }
    case 'unsubscribe':
      return message.channels.map(readable).join(', ');
    case 'auth':
      return 'a new token';
    case 'ping':
      return `id ${message.id ?? ''}`;
    case 'receipt':
      return `${readable(message.channel)} #${message.offset}`;
  }
}

function describeServerMessage(message: ServerMessage): string {
  switch (message.type) {
    case 'welcome':
      return `gateway ${message.gateway}, source ${message.source}, heartbeat every ${formatMs(message.heartbeatMs)}`;
    case 'subscribed':
      return message.channels
        .map(({ channel, state, recovered }) => {
          const how = recovered === undefined ? '' : recovered ? ', recovered' : ', not recovered';
          return `${readable(channel)} ${state}${how}`;
        })
        .join('; ');
    case 'unsubscribed':
      return message.channels.map(readable).join(', ');
    case 'snapshot': {
      const what = message.replay === true ? 'replayed' : 'in the snapshot';
      return `${readable(message.channel)}: ${message.candles.length} candles ${what}${message.more === true ? ', more follow' : ''}`;
    }
    case 'candle': {
      const { candle, offset, backfill } = message;
      const closed = candle.confirm ? ` · closed ${formatStart(candle.start)}` : '';
      return `#${offset} ${groupDigits(candle.close)}${closed}${backfill === true ? ' · backfill' : ''}`;
    }
    case 'heartbeat':
      return message.channels
        .map(({ channel, state }) => `${readable(channel)} ${state}`)
        .join('; ');
    case 'pong':
      return `id ${message.id ?? ''}`;
    case 'authenticated':
      return 'the new token is in force';
    case 'token_expiring':
      return 'the token ends soon';
    case 'error':
      return `${message.code}: ${message.message}`;
    case 'going_away':
      return `reconnect after ${formatMs(message.reconnectDelayMs)}`;
    default:
      return '';
  }
}
