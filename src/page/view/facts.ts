import type { ClockEstimate } from '../clock-offset.ts';
import type { ConnectionState } from '../connection-state.ts';
import { byId, make, setText } from '../dom.ts';
import { formatDuration, formatMinute, formatMs, groupDigits } from '../format.ts';
import type { Activity } from '../activity.ts';

const FACTS = {
  uptime: 'Connected',
  updates: 'Updates',
  rate: 'Updates/s',
  closed: 'Closed candles',
  ping: 'Ping',
  reconnects: 'Reconnects',
  lastClosed: 'Last close, UTC',
  offset: 'Offset',
  epoch: 'Epoch',
  feed: 'Feed',
  gateway: 'Gateway',
  token: 'Token left',
} as const;
type Fact = keyof typeof FACTS;

const FEEDS = { live: 'live', stale: 'stale', down: 'down' } as const;

/** The grid of facts about the connection. */
export function createFactsView(): {
  show(state: ConnectionState, activity: Activity, clock: ClockEstimate | null, now: number): void;
} {
  const list = byId('facts', HTMLElement);
  const values = Object.fromEntries(
    Object.entries(FACTS).map(([fact, label]) => {
      const cell = make('div', 'fact');
      const value = make('dd', '', '—');
      value.dataset['fact'] = fact;
      cell.append(make('dt', '', label), value);
      list.append(cell);
      return [fact, value];
    }),
  ) as Record<Fact, HTMLElement>;

  return {
    show(state, activity, clock, now) {
      const { phase, session } = state;
      const open = phase.name === 'open' ? phase : null;
      const { lastClosed, epoch, offset } = state.mark;
      const texts: Record<Fact, string> = {
        uptime: open === null ? '—' : formatDuration(now - open.openedAt),
        updates: groupDigits(String(activity.updates)),
        rate: open === null ? '—' : activity.updatesPerSecond(now).toFixed(1),
        closed: groupDigits(String(activity.closed)),
        ping: clock === null ? '—' : formatMs(clock.roundTripMs),
        reconnects: String(activity.reconnects),
        lastClosed: lastClosed === null ? '—' : formatMinute(lastClosed).slice(5),
        offset: epoch === null ? '—' : groupDigits(String(offset)),
        epoch: epoch ?? '—',
        feed: open === null ? '—' : FEEDS[open.feed],
        gateway: open === null || session === null ? '—' : session.gateway,
        token: open === null || session === null ? '—' : tokenText(session.expiresAt, clock, now),
      };
      for (const [fact, text] of Object.entries(texts) as [Fact, string][]) {
        setText(values[fact], text);
      }
      values.gateway.title = texts.gateway;
      values.feed.dataset['feed'] = open?.feed ?? 'none';
    },
  };
}

function tokenText(expiresAt: number, clock: ClockEstimate | null, now: number): string {
  const leftMs = expiresAt - (now + (clock?.offsetMs ?? 0));
  return leftMs <= 0 ? 'expired' : formatDuration(leftMs);
}
