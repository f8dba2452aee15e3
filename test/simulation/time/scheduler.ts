import { VirtualGlobals } from './virtual-globals.ts';
import type { VirtualProcess } from './virtual-process.ts';
import type { Random } from '../random.ts';

/** Something that happens at a moment of virtual time. */
export interface Task {
  readonly at: number;
  readonly order: number;
  /** In whose process it happens; null for what cannot fail. */
  readonly owner: VirtualProcess | null;
  /** Null once it was cancelled. */
  run: (() => void) | null;
}

/** Wall time at the beginning of every simulation, ms since 1970. */
export const EPOCH_MS = 1_745_000_000_000;

/** Tasks between two looks at the real event loop. */
const TASKS_PER_TURN = 512;

const realSetImmediate = setImmediate;

/**
 * Virtual time: tasks in order of their moments, ties in order of making. Each task runs with all of
 * its microtasks before the next one begins, because Node drains microtasks between two immediates; so
 * code with promises runs as on an event loop, and the same way every time.
 */
export class Scheduler {
  /** Milliseconds since the simulation began. */
  now = 0;
  /** In whose process the running task, with its microtasks, happens. */
  current: VirtualProcess | null = null;
  executed = 0;
  /** What tasks threw. */
  readonly faults: unknown[] = [];
  readonly #globals: VirtualGlobals;
  readonly #heap: Task[] = [];
  #orders = 0;
  #isOver = false;

  /** @param random replaces `Math.random` */
  constructor(random: Random) {
    this.#globals = new VirtualGlobals(this, random);
  }

  get wallNow(): number {
    return EPOCH_MS + this.now;
  }

  /** @param delayMs from now */
  schedule(delayMs: number, owner: VirtualProcess | null, run: () => void): Task {
    const at = this.now + Math.max(0, delayMs);
    this.#orders += 1;
    const task: Task = { at, order: this.#orders, owner, run };
    this.#push(task);
    return task;
  }

  /** Ends `run` after the task that calls this. */
  stop(): void {
    this.#isOver = true;
  }

  /** Runs tasks until `stop` or until there are none. */
  async run(): Promise<void> {
    this.#isOver = false;
    while (!this.#mustEnd()) await this.#runSome();
  }

  #mustEnd(): boolean {
    return this.#isOver || this.#heap.length === 0;
  }

  #runSome(): Promise<void> {
    return new Promise((resolve) => {
      // No real event comes between immediates of one turn, so nobody else sees the virtual globals.
      realSetImmediate(() => this.#globals.install());
      for (let i = 0; i < TASKS_PER_TURN; i += 1) realSetImmediate(() => this.#step());
      realSetImmediate(() => {
        this.#globals.uninstall();
        resolve();
      });
    });
  }

  #step(): void {
    if (this.#isOver) return;
    for (let task = this.#pop(); task !== undefined; task = this.#pop()) {
      const { run, owner } = task;
      if (run === null || (owner !== null && !owner.admits(task))) continue;
      this.now = task.at;
      this.current = owner;
      this.executed += 1;
      task.run = null;
      try {
        run();
      } catch (error) {
        this.faults.push(error);
      }
      return;
    }
  }

  #push(task: Task): void {
    const heap = this.#heap;
    let index = heap.push(task) - 1;
    while (index > 0) {
      const above = (index - 1) >>> 1;
      const parent = heap[above] as Task;
      if (isBefore(parent, task)) break;
      heap[index] = parent;
      index = above;
    }
    heap[index] = task;
  }

  #pop(): Task | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right !== undefined && isBefore(right, heap[child] as Task)) child += 1;
      const smaller = heap[child] as Task;
      if (isBefore(last, smaller)) break;
      heap[index] = smaller;
      index = child;
    }
    heap[index] = last;
    return first;
  }
}

function isBefore(a: Task, b: Task): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
