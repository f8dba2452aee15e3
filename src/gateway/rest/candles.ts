import type { Candle } from '../../candle/candle.ts';
import type { Source } from '../../candle/messages.ts';
import { candlesQuery, DEFAULT_CANDLES_LIMIT, type CandleList } from '../../candle/rest.ts';
import type { ChannelDirectory, ChannelView } from '../channel-view.ts';
import { lookUpChannel, refuseForbidden } from './channel-lookup.ts';
import { jsonAnswer } from './http.ts';
import { readInteger, readQuery, refuseOtherParameters } from './query.ts';
import { under, type GuardedRoute } from './route.ts';

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
      return jsonAnswer<CandleList>({ channel: view.channel.name, source, candles });
    },
  };
}

const PARAMETERS = Object.keys(candlesQuery) as (keyof typeof candlesQuery)[];

function readRange(query: string): Range {
  refuseOtherParameters(query, PARAMETERS);
  const values = readQuery(query, PARAMETERS);
  return {
    limit: readInteger('limit', values.limit, candlesQuery.limit) ?? DEFAULT_CANDLES_LIMIT,
    after: readInteger('after', values.after, candlesQuery.after) ?? null,
    before: readInteger('before', values.before, candlesQuery.before) ?? null,
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
