import type { Candle } from '../../candle/candle.ts';
import { MAX_SNAPSHOT_CANDLES, type Source } from '../../candle/messages.ts';
import type { ChannelDirectory, ChannelView } from '../channel-view.ts';
import { lookUpChannel, refuseForbidden } from './channel-lookup.ts';
import { jsonAnswer } from './http.ts';
import { readInteger, readQuery, refuseOtherParameters, TIMESTAMP_RANGE } from './query.ts';
import { under, type GuardedRoute } from './route.ts';

const DEFAULT_LIMIT = 100;

export interface CandlesDeps {
  readonly source: Source;
  readonly directory: ChannelDirectory;
}

interface Range {
  readonly limit: number;
  /** Exclusive bounds on `start`, ms since 1970. */
  readonly after: number | null;
  readonly before: number | null;
}

/** `GET /api/v1/candles/{symbol}/{interval}`: closed candles of a range, from memory. */
export function candlesRoute({ source, directory }: CandlesDeps): GuardedRoute {
  return {
    name: 'candles',
    needsToken: true,
    match: under('/api/v1/candles/', 2),
    answer(request, [symbol = '', interval = ''], { grant }) {
      const view = lookUpChannel(directory, symbol, interval);
      refuseForbidden(grant, view.channel);
      const candles = select(view, readRange(request.query));
      return jsonAnswer({ channel: view.channel.name, source, candles });
    },
  };
}

const PARAMETERS = ['limit', 'before', 'after'] as const;

function readRange(query: string): Range {
  refuseOtherParameters(query, PARAMETERS);
  const values = readQuery(query, PARAMETERS);
  const limits = { min: 1, max: MAX_SNAPSHOT_CANDLES };
  return {
    limit: readInteger('limit', values.limit, limits) ?? DEFAULT_LIMIT,
    after: readInteger('after', values.after, TIMESTAMP_RANGE) ?? null,
    before: readInteger('before', values.before, TIMESTAMP_RANGE) ?? null,
  };
}

/** The rule stands in PROTOCOL.md, Endpoints. */
function select(view: ChannelView, { limit, after, before }: Range): readonly Candle[] {
  if (before !== null) {
    const newest = view.newestClosed(limit, before);
    return after === null ? newest : newest.filter((candle) => candle.start > after);
  }
  const closed = after === null ? view.newestClosed(limit, null) : view.closedAfter(after, limit);
  const open = view.openCandle();
  if (open === null || (after !== null && open.start <= after)) return closed;
  return [...closed, open];
}
