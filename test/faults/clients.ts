import { testToken } from '../support/tokens.ts';
import { reconnecting, slow, type Behaviour } from './behaviour.ts';
import { json } from '../../src/client/json.ts';
import { protobuf } from '../../src/client/protobuf.ts';
import { Dice } from './dice.ts';
import { LibraryClient } from './library-client.ts';
import { ReferenceClient } from './reference-client.ts';
import type { Rig } from './rig.ts';

/** What is asked of every client at the end. */
export type JudgedClient = Pick<
  ReferenceClient,
  'name' | 'channels' | 'receipts' | 'resumes' | 'violations' | 'ends' | 'unrecovered' | 'logs'
>;

export interface Clients {
  readonly all: readonly JudgedClient[];
  /** Those that neither pause nor go away of their own will. */
  readonly steady: readonly ReferenceClient[];
  /** Those that go away and come back. */
  readonly resuming: readonly ReferenceClient[];
  start(): void;
  /** Lets them misbehave until the signal ends it; all are good ones afterwards. */
  misbehave(signal: AbortSignal): Promise<void>;
  close(): void;
}

/**
 * Full within seconds, since five candles close while the slow reader of the library takes one. It asks for
 * the rest again each time that half of them are taken, and all that is missing is sent each time: much
 * shorter, and it could not catch up in the time that the verdict waits.
 */
const SHORT_BUFFER = 64;
const LONGEST_READ_MS = 1_500;

/** The clients of a run: each meets both gateways in time, and begins with one of them. */
export async function makeClients(rig: Rig, seed: number): Promise<Clients> {
  const token = await testToken();
  const [oneChannel = ''] = rig.channels;
  // Changes only after an attempt: a steady client stays where it is.
  const gatewayFrom = (first: 0 | 1) => (attempt: number) => {
    const index = (attempt + first) % 2 === 0 ? 0 : 1;
    return `ws://127.0.0.1:${rig.links.gatewayToClients[index].port}`;
  };
  let count = 0;
  const client = (name: string, first: 0 | 1, onPath = false) =>
    new ReferenceClient({
      name,
      token,
      channels: onPath ? [oneChannel] : rig.channels,
      onPath,
      gateway: gatewayFrom(first),
      random: new Dice(seed, 3, (count += 1)).random,
    });
  const steady = [client('steady-0', 0), client('steady-1', 1)];
  const slowOnes = [client('slow-0', 0), client('slow-1', 1)];
  const resuming = [
    client('reconnecting-0', 0),
    client('reconnecting-1', 1),
    client('path', 1, true),
  ];
  const written = [...steady, ...slowOnes, ...resuming];
  const library = (name: string, encoding: typeof json, first: 0 | 1, buffer: number) =>
    new LibraryClient({
      name,
      token,
      channels: rig.channels,
      encoding,
      gateway: gatewayFrom(first),
      buffer,
    });
  const readers = [
    library('library-json', json, 0, 1_000),
    library('library-protobuf', protobuf, 1, SHORT_BUFFER),
  ];
  const all = [...written, ...readers];
  const behaviours: [ReferenceClient, Behaviour][] = [
    ...slowOnes.map((each): [ReferenceClient, Behaviour] => [each, slow]),
    ...resuming.map((each): [ReferenceClient, Behaviour] => [each, reconnecting]),
  ];
  return {
    all,
    steady,
    resuming,
    start() {
      for (const each of [...written, ...readers]) each.start();
    },
    async misbehave(signal) {
      const between = new Dice(seed, 4, behaviours.length).between;
      readers[1]?.readSlowly(() => between(0, LONGEST_READ_MS), signal);
      await Promise.all(
        behaviours.map(([each, behave], index) =>
          behave(each, new Dice(seed, 4, index).between, signal),
        ),
      );
    },
    close() {
      for (const each of written) each.leave('terminate');
      for (const each of readers) each.leave();
    },
  };
}
