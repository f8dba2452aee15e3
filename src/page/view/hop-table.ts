import type { ClockEstimate, HopLatencies } from '../../client/index.ts';
import { byId, make, setText } from '../dom.ts';
import { formatMs, formatTime, intervalLabel } from '../format.ts';
import { HOPS, measure, type Hop, type Passage } from '../hops.ts';
import { splitChannel } from '../address.ts';

const LABELS: Readonly<Record<Hop, readonly [string, string]>> = {
  ingest: ['exchange', 'ingest'],
  bus: ['ingest', 'bus'],
  gateway: ['bus', 'gateway'],
  client: ['gateway', 'client'],
};
type Line = Hop | 'total';
const LINES: readonly Line[] = [...HOPS, 'total'];

/** The numbers of one message, hop by hop, beside the medians. */
export function createHopTable(): {
  show(
    passage: Passage | null,
    isChosen: boolean,
    medians: HopLatencies,
    clock: ClockEstimate | null,
  ): void;
} {
  const body = byId('hops', HTMLTableElement).tBodies[0];
  if (body === undefined) throw new Error('#hops has no body');
  const caption = byId('hops-caption', HTMLElement);
  const note = byId('latency-note', HTMLElement);
  const cells = Object.fromEntries(LINES.map((line) => [line, addLine(body, line)])) as Record<
    Line,
    { readonly one: HTMLElement; readonly median: HTMLElement }
  >;
  return {
    show(passage, isChosen, medians, clock) {
      const one = passage === null ? null : measure(passage, clock);
      for (const line of LINES) {
        const about = line === 'client' || line === 'total' ? '≈ ' : '';
        setText(cells[line].one, describe(one?.[line] ?? null, about));
        setText(cells[line].median, describe(medians[line], about));
      }
      setText(caption, describePassage(passage, isChosen));
      setText(note, describeClock(clock, one));
    },
  };
}

function describe(ms: number | null, about: string): string {
  return ms === null ? '—' : `${about}${formatMs(ms)}`;
}

function describePassage(passage: Passage | null, isChosen: boolean): string {
  if (passage === null) return 'No message yet';
  const { channel, offset, candle } = passage.message;
  const { symbol, interval } = splitChannel(channel);
  const kind = candle.confirm ? ', closed' : '';
  const name = `${symbol} ${intervalLabel(interval).short} #${offset}${kind}`;
  const when = formatTime(passage.receivedAt).slice(0, 8);
  return isChosen ? `Chosen: ${name}, ${when}` : `Newest: ${name}`;
}

function describeClock(clock: ClockEstimate | null, one: HopLatencies | null): string {
  if (one !== null && one.ingest === null) {
    return 'The exchange’s clock runs apart from ours: its hop cannot be measured.';
  }
  if (clock === null) return 'The last hop needs a ping first: it compares two clocks.';
  return `The last hop compares two clocks by ping: ± ${formatMs(clock.bestRoundTripMs / 2)}, hatched.`;
}

function addLine(
  body: HTMLTableSectionElement,
  line: Line,
): { readonly one: HTMLElement; readonly median: HTMLElement } {
  const row = body.insertRow();
  row.dataset['hop'] = line;
  const name = make('th');
  name.scope = 'row';
  if (line === 'total') name.append('exchange → here');
  else {
    const [from, to] = LABELS[line];
    name.append(make('span', 'swatch'), make('span', 'muted', `${from} → `), to);
  }
  row.append(name);
  const one = row.insertCell();
  const median = row.insertCell();
  one.className = 'number';
  median.className = 'number muted';
  setText(one, '—');
  setText(median, '—');
  return { one, median };
}
