import type { Channel } from '../../src/candle/channel.ts';
import type { LoadCommands } from '../load/program.ts';
import type { PublisherCommands } from '../publisher/program.ts';
import type { Encoding } from './candlegate.ts';
import type { PlainKind } from './plain-subjects.ts';
import type { Remote } from './remote.ts';
import type { Spread } from './statistics.ts';
import type { Subject } from './subject.ts';

/** What was measured of one subject, in each round. */
export interface Figure {
  readonly subject: string;
  /** Such as `CPU per delivery`. */
  readonly quantity: string;
  readonly unit: string;
  /** What it was measured at, such as `50 updates/s`; empty where there is one case only. */
  readonly at: string;
  readonly rounds: readonly number[];
  readonly spread: Spread;
}

/** A row of the table of goals. */
export interface Verdict {
  readonly what: string;
  /** In words, such as `≥ 0.95 of bare`. */
  readonly goal: string;
  readonly unit: string;
  readonly spread: Spread;
  readonly isMet: boolean;
}

export interface ScenarioResult {
  readonly verdicts: readonly Verdict[];
  readonly figures: readonly Figure[];
  /** Sentences for the reader, such as what was not measurable in this run. */
  readonly remarks: readonly string[];
}

/** What a scenario measures with. */
export interface Bench {
  readonly rounds: number;
  /** Shorter windows and fewer connections, to see whether it works. */
  readonly isQuick: boolean;
  readonly redisUrl: string;
  /** Candles on Redis; claims and seeds what a scenario prepares. */
  readonly publisher: Remote<PublisherCommands>;
  startPlain(kind: PlainKind, channels: readonly Channel[]): Promise<Subject>;
  startCandlegate(
    encoding: Encoding,
    channels: readonly Channel[],
    env?: Readonly<Record<string, string>>,
  ): Promise<Subject>;
  /** A process of its own that opens connections; at most some 15,000, which is what a process may open. */
  startLoad(): Promise<Remote<LoadCommands>>;
  /** What was started is stopped at the end of the scenario, at the latest. */
  progress(line: string): void;
}

/** Rows of the table that are measured together. */
export interface Scenario {
  /** For `--rows`, and the name of the file with the results. */
  readonly name: string;
  readonly title: string;
  run(bench: Bench): Promise<ScenarioResult>;
}
