import { Dice } from '../faults/dice.ts';
import { conversation, frame } from './frames.ts';
import { RawClient } from './raw-client.ts';

export interface FloodOptions {
  readonly port: number;
  readonly token: string;
  readonly seed: number;
  /** Frames to send, over all connections. */
  readonly frames: number;
  readonly connectionsAtOnce: number;
}

export interface FloodReport {
  readonly frames: number;
  readonly connections: number;
  /** Connections whose every frame was answered for: a last `ping` got its `pong`. */
  readonly answered: number;
  /** Frames by kind. */
  readonly kinds: ReadonlyMap<string, number>;
  /** What the gateway did against its protocol. */
  readonly violations: readonly string[];
}

/** Connections of which every fourth has negotiated permessage-deflate. */
const DEFLATE_EVERY = 4;

/** Sends frames that nobody should send, each connection from dice of its own. */
export async function flood(options: FloodOptions): Promise<FloodReport> {
  const kinds = new Map<string, number>();
  const violations: string[] = [];
  let frames = 0;
  let connections = 0;
  let answered = 0;

  async function connection(index: number): Promise<void> {
    const dice = new Dice(options.seed, 11, index);
    const client = await RawClient.open(options.port, [
      `Authorization: Bearer ${options.token}`,
      ...(index % DEFLATE_EVERY === 0 ? ['Sec-WebSocket-Extensions: permessage-deflate'] : []),
    ]);
    const bursts = [...conversation(dice)];
    const breaks = bursts.some((burst) => burst.breaks);
    for (const burst of bursts) {
      client.write(burst.bytes);
      frames += burst.frames;
      kinds.set(burst.kind, (kinds.get(burst.kind) ?? 0) + burst.frames);
    }
    if (!breaks) {
      // Answers come in order: with this one, all before have been dealt with.
      const id = `last-${index}`;
      client.write(frame(Buffer.from(JSON.stringify({ type: 'ping', id }))));
      frames += 1;
      if (await client.received(`"id":"${id}"`)) answered += 1;
      else {
        violations.push(
          `connection ${index} was closed over frames that have to be borne; last came ${client.tail}`,
        );
      }
    }
    await client.end();
  }

  async function lane(): Promise<void> {
    while (frames < options.frames) {
      const index = connections;
      connections += 1;
      try {
        await connection(index);
      } catch (error) {
        violations.push(`connection ${index}: ${(error as Error).message}`);
        if (violations.length > 20) return;
      }
    }
  }
  await Promise.all(Array.from({ length: options.connectionsAtOnce }, lane));
  return { frames, connections, answered, kinds, violations };
}
