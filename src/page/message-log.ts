import type { ClientMessage, ServerMessage } from '../candle/messages.ts';
import { formatMinute, formatMs, formatStart, groupDigits, intervalLabel } from './format.ts';

export const MAX_ENTRIES = 200;
/** Longer raw texts (snapshots) are cut. */
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
  /** Null for a note. */
  readonly message: object | null;
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

  received(message: ServerMessage, time: number): void {
    this.#add(
      'in',
      message.type,
      describeServerMessage(message),
      message,
      time,
      filtersOf(message),
    );
  }

  /** Tokens have been left out of the message already. */
  sent(message: ClientMessage, time: number): void {
    const isChatter = message.type === 'ping' || message.type === 'receipt';
    const text = describeClientMessage(message);
    this.#add('out', message.type, text, message, time, isChatter ? [] : ['control']);
  }

  /** Something that the page itself has to say. */
  note(text: string, time: number): void {
    this.#add('page', 'note', text, null, time, ['control']);
  }

  clear(): void {
    this.#entries = [];
  }

  #add(
    direction: LogEntry['direction'],
    kind: string,
    text: string,
    message: object | null,
    time: number,
    shownBy: readonly Filter[],
  ): void {
    this.#entries.unshift({ id: this.#nextId++, time, direction, kind, text, message, shownBy });
    if (this.#entries.length > MAX_ENTRIES) this.#entries.length = MAX_ENTRIES;
  }
}

/** The message as it went over the wire, as far as it is worth showing. */
export function rawText({ message, text }: LogEntry): string {
  if (message === null) return text;
  const raw = JSON.stringify(message);
  if (raw.length <= MAX_RAW_CHARACTERS) return raw;
  return `${raw.slice(0, MAX_RAW_CHARACTERS)}… (${raw.length} characters)`;
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
      const how = backfill === true ? ' · backfill' : '';
      return `${readable(message.channel)} #${offset} ${groupDigits(candle.close)}${closed}${how}`;
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
