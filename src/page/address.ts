import type { ChannelName, Interval } from '../client/index.ts';

/** What the address's fragment may carry. A fragment never reaches a server. */
export interface FragmentWishes {
  readonly token: string | null;
  readonly channel: ChannelName | null;
}

/** Reads `#token=…&symbol=…&interval=…`; `symbol` and `interval` count only together. */
export function readFragment(hash: string): FragmentWishes {
  const parameters = new URLSearchParams(hash.replace(/^#/, ''));
  const symbol = parameters.get('symbol');
  const interval = parameters.get('interval');
  const token = parameters.get('token')?.trim() ?? '';
  return {
    token: token === '' ? null : token,
    channel: symbol === null || interval === null ? null : channelName(symbol, interval),
  };
}

/** The fragment that keeps the choice of a channel, and never a token. */
export function writeFragment(channel: ChannelName): string {
  const { symbol, interval } = splitChannel(channel);
  return `#${new URLSearchParams({ symbol, interval }).toString()}`;
}

/** The gateway judges both parts; here they are only put together. */
export function channelName(symbol: string, interval: string): ChannelName {
  return `candles:${symbol.toUpperCase()}:${interval as Interval}`;
}

export function splitChannel(channel: ChannelName): { symbol: string; interval: string } {
  const [, symbol = '', interval = ''] = channel.split(':');
  return { symbol, interval };
}
