import type { Activity } from '../activity.ts';
import type { ChannelName, ClockEstimate } from '../../client/index.ts';
import { byId, make, setText } from '../dom.ts';
import { formatDuration, formatMinute, formatMs, groupDigits } from '../format.ts';
import type { GatewaySession } from '../gateway-session.ts';
import type { ResumeLedger } from '../resume-ledger.ts';

const FACTS = {
  rate: 'Updates/s',
  updates: 'Updates',
  closed: 'Closed live',
  ping: 'Ping',
  resumes: 'Resumes',
  replayed: 'Brought back',
  conflated: 'Conflated',
  feed: 'Feed',
  lastClosed: 'Last close',
  offset: 'Offset',
  gateway: 'Gateway',
  token: 'Token left',
} as const;
type Fact = keyof typeof FACTS;

/** What the numbers mean, for whoever points at them. */
const EXPLANATIONS: Readonly<Partial<Record<Fact, string>>> = {
  closed: 'Closed candles that came live',
  replayed: 'Closed candles that came in replays: after a resume, or after this page was slow',
  conflated: 'Updates of open candles that were passed over while this page was away or slow',
  lastClosed: 'Start of the last closed candle of the channel on the chart, UTC',
  offset: 'Position of the channel on the chart',
};

/** The grid of facts about the connection. */
export function createFactsView(
  session: GatewaySession,
  activity: Activity,
  ledger: ResumeLedger,
): { show(channel: ChannelName, now: number): void } {
  const list = byId('facts', HTMLElement);
  const uptime = byId('uptime', HTMLElement);
  const values = Object.fromEntries(
    (Object.entries(FACTS) as [Fact, string][]).map(([fact, label]) => {
      const cell = make('div', 'fact');
      const value = make('dd', '', '—');
      value.dataset['fact'] = fact;
      cell.title = EXPLANATIONS[fact] ?? '';
      cell.append(make('dt', '', label), value);
      list.append(cell);
      return [fact, value];
    }),
  ) as Record<Fact, HTMLElement>;

  return {
    show(channel, now) {
      const { clock, welcome, openedAt, expiresAt } = session;
      const mark = ledger.mark(channel);
      const feed = welcome === null ? null : session.feed(channel);
      const count = (value: number): string => groupDigits(String(value));
      const texts: Record<Fact, string> = {
        rate: welcome === null ? '—' : activity.updatesPerSecond(now).toFixed(1),
        updates: count(activity.updates),
        closed: count(activity.closed),
        ping: clock === null ? '—' : formatMs(clock.roundTripMs),
        resumes: count(ledger.resumes),
        replayed: count(ledger.replayed),
        conflated: count(ledger.conflated),
        feed: feed ?? '—',
        lastClosed: mark?.lastClosed == null ? '—' : formatMinute(mark.lastClosed).slice(11),
        offset: mark?.epoch == null ? '—' : count(mark.offset),
        gateway: welcome?.gateway ?? '—',
        token: expiresAt === null ? '—' : tokenText(expiresAt, clock, now),
      };
      for (const [fact, text] of Object.entries(texts) as [Fact, string][]) {
        setText(values[fact], text);
      }
      values.gateway.title = texts.gateway;
      values.feed.dataset['feed'] = feed ?? 'none';
      setText(uptime, openedAt === null ? '' : `open for ${formatDuration(now - openedAt)}`);
    },
  };
}

function tokenText(expiresAt: number, clock: ClockEstimate | null, now: number): string {
  const leftMs = expiresAt - (now + (clock?.offsetMs ?? 0));
  return leftMs <= 0 ? 'expired' : formatDuration(leftMs);
}
