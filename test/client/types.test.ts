import { describe, expectTypeOf, it } from 'vitest';
import type { Candle } from '../../src/candle/candle.ts';
import type { ChannelName } from '../../src/candle/channel-name.ts';
import type { FeedState, Source } from '../../src/candle/feed.ts';
import type { HopTimes } from '../../src/candle/hop-times.ts';
import type { Interval } from '../../src/candle/interval.ts';
import type { ServerMessageOf } from '../../src/candle/messages.ts';
import type * as client from '../../src/client/types.ts';

/** They are checked by the compiler: `npm run types`. */
describe('the published types', () => {
  it('say what the schemas of the protocol say', () => {
    expectTypeOf<client.Candle>().toEqualTypeOf<Candle>();
    expectTypeOf<client.ChannelName>().toEqualTypeOf<ChannelName>();
    expectTypeOf<client.FeedState>().toEqualTypeOf<FeedState>();
    expectTypeOf<client.HopTimes>().toEqualTypeOf<HopTimes>();
    expectTypeOf<client.Interval>().toEqualTypeOf<Interval>();
    expectTypeOf<client.Source>().toEqualTypeOf<Source>();
    expectTypeOf<ServerMessageOf<'welcome'>>().toExtend<client.Welcome>();
  });
});
