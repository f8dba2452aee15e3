import { once } from 'node:events';
import { WebSocket } from 'ws';
import { vi } from 'vitest';
import {
  createSimulator,
  type Simulator,
  type SimulatorOptions,
} from '../../src/simulator/simulator.ts';
import { createWallClock } from '../../src/time/clock.ts';
import { eventually } from '../support/eventually.ts';

/** A kline frame as it came over the wire. */
export interface KlineFrame {
  topic: string;
  type: string;
  ts: number;
  data: {
    start: number;
    end: number;
    interval: string;
    open: string;
    close: string;
    high: string;
    low: string;
    volume: string;
    turnover: string;
    confirm: boolean;
    timestamp: number;
  }[];
}

/** A simulator that listens; the caller closes it. */
export async function startSimulator(options: Partial<SimulatorOptions> = {}): Promise<Simulator> {
  const simulator = createSimulator({ clock: createWallClock(), updateMs: 50, ...options });
  await simulator.listen();
  return simulator;
}

/** A bare WebSocket client that keeps everything it gets. */
export class RawClient {
  /** Everything in order of arrival: parsed JSON, or the raw text or bytes where that fails. */
  readonly received: unknown[] = [];
  pongs = 0;
  closeCode: number | undefined;
  private constructor(readonly socket: WebSocket) {
    socket.on('message', (data: Buffer, isBinary) => {
      this.received.push(isBinary ? data : parsed(data.toString()));
    });
    socket.on('pong', () => {
      this.pongs += 1;
    });
    socket.on('close', (code) => {
      this.closeCode = code;
    });
  }

  /** Rejects when the connection is refused. */
  static async connect(url: string, ...topics: string[]): Promise<RawClient> {
    const client = new RawClient(new WebSocket(url));
    await once(client.socket, 'open');
    if (topics.length > 0) {
      client.send({ op: 'subscribe', args: topics });
      await eventually(() => {
        if (client.received.length === 0) throw new Error('no acknowledgement yet');
      });
    }
    return client;
  }

  send(message: object): void {
    this.socket.send(JSON.stringify(message));
  }

  frames(): KlineFrame[] {
    return this.received.filter((message): message is KlineFrame => isFrame(message));
  }

  /** All candles of all frames with `confirm: true`, in order of arrival. */
  closes(topic: string): KlineFrame['data'] {
    return this.frames()
      .filter((frame) => frame.topic === topic)
      .flatMap(({ data }) => data.filter(({ confirm }) => confirm));
  }

  /** Waits until this many kline frames have come in all. */
  async untilFrames(count: number): Promise<KlineFrame[]> {
    return vi.waitFor(
      () => {
        const frames = this.frames();
        if (frames.length < count) throw new Error(`${frames.length} of ${count} frames`);
        return frames;
      },
      { timeout: 10_000, interval: 10 },
    );
  }

  close(): void {
    this.socket.terminate();
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function isFrame(message: unknown): boolean {
  return (
    typeof message === 'object' &&
    message !== null &&
    String((message as Record<string, unknown>)['topic']).startsWith('kline.') &&
    Array.isArray((message as Record<string, unknown>)['data'])
  );
}
