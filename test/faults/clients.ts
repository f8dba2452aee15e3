import { testToken } from '../support/tokens.ts';
import { reconnecting, slow, type Behaviour } from './behaviour.ts';
import { Dice } from './dice.ts';
import { ReferenceClient } from './reference-client.ts';
import type { Rig } from './rig.ts';

export interface Clients {
  readonly all: readonly ReferenceClient[];
  /** Those that neither pause nor go away of their own will. */
  readonly steady: readonly ReferenceClient[];
  /** Those that go away and come back. */
  readonly resuming: readonly ReferenceClient[];
  start(): void;
  /** Lets them misbehave until the signal ends it; all are good ones afterwards. */
  misbehave(signal: AbortSignal): Promise<void>;
  close(): void;
}

/** The clients of a run: each meets both gateways in time, and begins with one of them. */
export async function makeClients(rig: Rig, seed: number): Promise<Clients> {
  const token = await testToken();
  const [oneChannel = ''] = rig.channels;
  let count = 0;
  const client = (name: string, first: 0 | 1, onPath = false) =>
    new ReferenceClient({
      name,
      token,
      channels: onPath ? [oneChannel] : rig.channels,
      onPath,
      // Changes only after an attempt: a steady client stays where it is.
      gateway: (attempt) => {
        const index = (attempt + first) % 2 === 0 ? 0 : 1;
        return `ws://127.0.0.1:${rig.links.gatewayToClients[index].port}`;
      },
      random: new Dice(seed, 3, (count += 1)).random,
    });
  const steady = [client('steady-0', 0), client('steady-1', 1)];
  const slowOnes = [client('slow-0', 0), client('slow-1', 1)];
  const resuming = [
    client('reconnecting-0', 0),
    client('reconnecting-1', 1),
    client('path', 1, true),
  ];
  const all = [...steady, ...slowOnes, ...resuming];
  const behaviours: [ReferenceClient, Behaviour][] = [
    ...slowOnes.map((each): [ReferenceClient, Behaviour] => [each, slow]),
    ...resuming.map((each): [ReferenceClient, Behaviour] => [each, reconnecting]),
  ];
  return {
    all,
    steady,
    resuming,
    start() {
      for (const each of all) each.start();
    },
    async misbehave(signal) {
      await Promise.all(
        behaviours.map(([each, behave], index) =>
          behave(each, new Dice(seed, 4, index).between, signal),
        ),
      );
    },
    close() {
      for (const each of all) each.leave('terminate');
    },
  };
}
