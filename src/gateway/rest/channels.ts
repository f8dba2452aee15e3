import type { ChannelName } from '../../candle/channel.ts';
import type { Source } from '../../candle/messages.ts';
import type { ChannelList } from '../../candle/rest.ts';
import type { ChannelDirectory } from '../channel-view.ts';
import { jsonAnswer } from './http.ts';
import { refuseOtherParameters } from './query.ts';
import { exactly, type GuardedRoute } from './route.ts';

export interface ChannelsDeps {
  readonly source: Source;
  readonly directory: ChannelDirectory;
  /** Connections of this gateway that are subscribed, in any encoding. */
  readonly subscribers: (channel: ChannelName) => number;
}

/** `GET /api/v1/live/channels`: what of the channels served here the caller may see, and where each stands. */
export function channelsRoute({ source, directory, subscribers }: ChannelsDeps): GuardedRoute {
  return {
    name: 'channels',
    needsToken: true,
    match: exactly('/api/v1/live/channels'),
    answer({ query }, _segments, { grant }) {
      refuseOtherParameters(query, []);
      const allowed = directory.all().filter((view) => grant.allows(view.channel));
      const channels = allowed.map((view) => {
        const { symbol, interval, name } = view.channel;
        const { epoch, offset, lastClosed, state } = view.head();
        return {
          channel: name,
          symbol,
          interval,
          epoch,
          offset,
          lastClosed,
          state,
          subscribers: subscribers(name),
          lastUpdate: view.lastUpdate(),
        };
      });
      return jsonAnswer<ChannelList>({ source, channels });
    },
  };
}
