import fc from 'fast-check';

export const NAMES = ['candles:BTCUSDT:1', 'candles:ETHUSDT:5', 'candles:SOLUSDT:15'] as const;
/** How many there are. */
export const CLIENTS = 3;

/** One thing that happens. Small numbers choose the channel and the client. */
export type Step =
  | { readonly do: 'update'; readonly channel: number; readonly ahead: number }
  | { readonly do: 'close'; readonly channel: number; readonly count: number }
  | { readonly do: 'seed'; readonly channel: number; readonly count: number }
  /** The batches are written before the turn ends. */
  | { readonly do: 'flush' }
  | { readonly do: 'turn' }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'read'; readonly client: number; readonly count: number }
  | {
      readonly do: 'subscribe';
      readonly client: number;
      readonly channels: readonly number[];
      readonly snapshot: number;
      readonly since: 'none' | 'last' | 'behind' | 'ahead' | 'between' | 'old' | 'future';
    }
  | { readonly do: 'unsubscribe'; readonly client: number; readonly channel: number }
  | { readonly do: 'ping'; readonly client: number }
  /** A token that may see these channels alone; null: all of them. */
  | { readonly do: 'auth'; readonly client: number; readonly channels: readonly number[] | null }
  /** Nothing is traded in the next candle. */
  | { readonly do: 'quiet'; readonly channel: number }
  | { readonly do: 'epoch'; readonly channel: number }
  /** Closed candles can no longer be had. */
  | { readonly do: 'hole'; readonly channel: number }
  /** The channel is not served any more, or again. */
  | { readonly do: 'serve'; readonly channel: number; readonly isServed: boolean }
  /** The gateway says that it goes away, or goes. */
  | { readonly do: 'drain'; readonly closes: boolean }
  | { readonly do: 'reconnect'; readonly client: number }
  /** Simulated faults that a client asks for. */
  | { readonly do: 'slow'; readonly client: number; readonly ms: number }
  | { readonly do: 'break'; readonly client: number };

const channelArb = fc.nat(NAMES.length - 1);
const clientArb = fc.nat(CLIENTS - 1);
export const stepArb: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('update' as const),
      channel: channelArb,
      ahead: fc.nat(1),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('close' as const),
      channel: channelArb,
      count: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('seed' as const),
      channel: channelArb,
      count: fc.integer({ min: 1, max: 12 }),
    }),
  },
  { weight: 6, arbitrary: fc.constant({ do: 'turn' as const }) },
  { weight: 2, arbitrary: fc.constant({ do: 'flush' as const }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(50, 300, 1_200) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('read' as const),
      client: clientArb,
      count: fc.constantFrom(1, 2, 5, 1000),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('subscribe' as const),
      client: clientArb,
      channels: fc.uniqueArray(channelArb, { minLength: 1 }),
      snapshot: fc.constantFrom(0, 1, 4, 1000),
      since: fc.oneof(
        { weight: 8, arbitrary: fc.constantFrom('none', 'last', 'last', 'behind', 'ahead') },
        { weight: 1, arbitrary: fc.constantFrom('between', 'old', 'future') },
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('unsubscribe' as const),
      client: clientArb,
      channel: channelArb,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('ping' as const), client: clientArb }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('auth' as const),
      client: clientArb,
      channels: fc.option(fc.uniqueArray(channelArb)),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('quiet' as const), channel: channelArb }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('epoch' as const), channel: channelArb }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('hole' as const), channel: channelArb }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('serve' as const),
      channel: channelArb,
      isServed: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('drain' as const), closes: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reconnect' as const), client: clientArb }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('slow' as const),
      client: clientArb,
      ms: fc.constantFrom(100, 400, 1_500),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('break' as const), client: clientArb }) },
);
