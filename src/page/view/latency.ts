import type { CandleMessage } from '../../candle/messages.ts';
import type { ClockEstimate } from '../clock-offset.ts';
import { byId, make, setText } from '../dom.ts';
import { formatMs } from '../format.ts';
import {
  HopHistory,
  HOPS,
  hopLatencies,
  type Arrival,
  type Hop,
  type HopLatencies,
} from '../hops.ts';

const LABELS: Readonly<Record<Hop, readonly [string, string]>> = {
  ingest: ['exchange', 'ingest'],
  bus: ['ingest', 'bus'],
  gateway: ['bus', 'gateway'],
  client: ['gateway', 'client'],
};
/** Messages that the median looks back on. */
const MEDIAN_MESSAGES = 200;
/** Numbers that change faster than this cannot be read. */
const REDRAW_MS = 250;

interface Row {
  readonly bar: HTMLElement;
  readonly last: HTMLElement;
  readonly median: HTMLElement;
}

/** The waterfall of the last message, hop by hop, with medians. */
export function createLatencyView(): {
  add(message: CandleMessage, receivedAt: number): void;
  clear(): void;
  show(clock: ClockEstimate | null, now: number): void;
} {
  const body = byId('hops', HTMLTableElement).tBodies[0];
  if (body === undefined) throw new Error('#hops has no body');
  const total = byId('latency-total', HTMLElement);
  const note = byId('latency-note', HTMLElement);
  const history = new HopHistory(MEDIAN_MESSAGES);
  const rows = Object.fromEntries(HOPS.map((hop) => [hop, addRow(body, hop)])) as Record<Hop, Row>;
  let newest: Arrival | null = null;
  let isDirty = true;
  let shownAt = 0;

  function drawBars(latencies: HopLatencies | null): void {
    const lengths = HOPS.map((hop) => Math.max(0, latencies?.[hop] ?? 0));
    const whole = lengths.reduce((sum, length) => sum + length, 0);
    let before = 0;
    HOPS.forEach((hop, index) => {
      const length = lengths[index] ?? 0;
      const { style } = rows[hop].bar;
      const percent = (part: number): string => `${whole === 0 ? 0 : (part / whole) * 100}%`;
      style.setProperty('inset-inline-start', percent(before));
      style.setProperty('inline-size', percent(length));
      rows[hop].bar.hidden = latencies === null || latencies[hop] === null;
      before += length;
    });
  }

  return {
    add(message, receivedAt) {
      newest = { times: message.times, receivedAt };
      // A candle fetched over REST says nothing about how late the feed is.
      if (message.backfill !== true) history.add(newest);
      isDirty = true;
    },
    clear() {
      newest = null;
      history.clear();
      isDirty = true;
    },
    show(clock, now) {
      if (!isDirty || now - shownAt < REDRAW_MS) return;
      isDirty = false;
      shownAt = now;
      const last = newest === null ? null : hopLatencies(newest.times, newest.receivedAt, clock);
      const medians = history.medians(clock);
      drawBars(last);
      for (const hop of HOPS) {
        const about = hop === 'client' ? '≈ ' : '';
        setText(rows[hop].last, last === null ? '—' : describe(last[hop], about));
        setText(rows[hop].median, describe(medians[hop], about));
      }
      setText(total, describe(last?.total ?? null, '≈ '));
      setText(note, describeClock(clock, last));
    },
  };
}

function describe(ms: number | null, about: string): string {
  return ms === null ? '—' : `${about}${formatMs(ms)}`;
}

function describeClock(clock: ClockEstimate | null, last: HopLatencies | null): string {
  if (last !== null && last.ingest === null) {
    return 'The exchange’s clock runs apart from ours: its hop cannot be measured.';
  }
  if (clock === null) return 'The last hop needs a ping first: it compares two clocks.';
  return `The last hop compares two clocks by ping: ± ${formatMs(clock.bestRoundTripMs / 2)}.`;
}

function addRow(body: HTMLTableSectionElement, hop: Hop): Row {
  const row = body.insertRow();
  row.dataset['hop'] = hop;
  const [from, to] = LABELS[hop];
  const name = make('th', 'hop-name');
  name.scope = 'row';
  name.append(make('span', 'hop-from', `${from} → `), make('span', 'hop-to', to));
  row.append(name);
  const track = make('div', 'track');
  const bar = make('div', 'hop-bar');
  bar.hidden = true;
  track.append(bar);
  row.insertCell().append(track);
  const last = row.insertCell();
  last.className = 'number';
  const median = row.insertCell();
  median.className = 'number muted';
  setText(last, '—');
  setText(median, '—');
  return { bar, last, median };
}
