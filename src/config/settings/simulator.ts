import { setting } from '../setting.ts';
import { decimal, integer, plainText, port } from '../text.ts';

const BOTH = ['simulator', 'standalone'] as const;

/** The simulated exchange: a process of its own, or inside `standalone`. */
export const SIMULATOR_SETTINGS = {
  simulatorHost: setting({
    description: "Address of the simulator's port.",
    default: '127.0.0.1',
    roles: ['simulator'],
    placeholder: 'address',
    schema: plainText(255),
  }),
  simulatorPort: setting({
    description: "The simulator's port, WebSocket and REST; 0 for a free one.",
    default: 8090,
    roles: ['simulator'],
    placeholder: 'port',
    schema: port,
  }),
  simulatorSeed: setting({
    description: 'The same seed gives the same market.',
    default: 1,
    roles: BOTH,
    placeholder: 'number',
    schema: integer(0, 4_294_967_295),
  }),
  simulatorSpeed: setting({
    description:
      "How fast the simulator's clock runs; at 60 a one-minute candle closes every second.",
    unit: 'times real time',
    default: 1,
    roles: BOTH,
    placeholder: 'factor',
    schema: decimal(0.01, 10_000),
  }),
  simulatorReplay: setting({
    description:
      'Folder of recorded candles (`bybit-linear-{SYMBOL}-5m.csv`) to replay. Without it prices are invented.',
    default: null,
    roles: BOTH,
    placeholder: 'folder',
    schema: plainText(4096),
  }),
};
