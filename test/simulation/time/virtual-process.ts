import type { Random } from '../random.ts';
import type { Scheduler, Task } from './scheduler.ts';

interface EndOfTurn {
  readonly run: () => void;
  readonly phase: 'before' | 'immediate' | 'after';
}

/**
 * One run of one process from its start to its end: whatever it has scheduled, and whatever others
 * have scheduled in it, dies with it and stands still while it is frozen (`SIGSTOP`).
 */
export class VirtualProcess {
  readonly name: string;
  readonly scheduler: Scheduler;
  /** How far its clock is ahead of true time; somebody may set it. */
  clockSkewMs: number;
  #state: 'running' | 'frozen' | 'dead' = 'running';
  #parked: Task[] = [];
  #endOfTurn: EndOfTurn[] = [];

  constructor(scheduler: Scheduler, name: string, clockSkewMs = 0) {
    this.scheduler = scheduler;
    this.name = name;
    this.clockSkewMs = clockSkewMs;
  }

  get isRunning(): boolean {
    return this.#state === 'running';
  }
  get isFrozen(): boolean {
    return this.#state === 'frozen';
  }
  get isDead(): boolean {
    return this.#state === 'dead';
  }

  /** Its clock, ms since 1970. */
  readonly now = (): number => this.scheduler.wallNow + this.clockSkewMs;

  after(delayMs: number, run: () => void): Task {
    return this.scheduler.schedule(delayMs, this, run);
  }

  every(periodMs: number, run: () => void): void {
    this.after(periodMs, () => {
      run();
      this.every(periodMs, run);
    });
  }

  /** Whether the task may run now; if the process is frozen, it will when it is thawed. */
  admits(task: Task): boolean {
    if (this.#state === 'frozen') this.#parked.push(task);
    return this.#state === 'running';
  }

  kill(): void {
    this.#state = 'dead';
    this.#parked = [];
  }

  freeze(): void {
    if (this.#state === 'running') this.#state = 'frozen';
  }

  /** @param random on which connection a process reads first is anybody's guess */
  thaw(random?: Random): void {
    if (this.#state !== 'frozen') return;
    this.#state = 'running';
    const parked = this.#parked;
    this.#parked = [];
    random?.shuffle(parked);
    for (const task of parked) if (task.run !== null) this.#renew(task);
  }

  /** `setImmediate`. */
  readonly defer = (run: () => void): void => this.#atEndOfTurn({ run, phase: 'immediate' });

  /** Runs before or after the immediates that are due at the end of this turn of the event loop. */
  endTurn(phase: 'before' | 'after', run: () => void): void {
    this.#atEndOfTurn({ run, phase });
  }

  #atEndOfTurn(each: EndOfTurn): void {
    this.#endOfTurn.push(each);
    if (this.#endOfTurn.length > 1) return;
    this.after(0, () => {
      const all = this.#endOfTurn;
      this.#endOfTurn = [];
      for (const phase of ['before', 'immediate', 'after']) {
        for (const due of all) if (due.phase === phase) this.after(0, due.run);
      }
    });
  }

  /** A timer that expired while the process was frozen can still be cleared, so the task stays the same. */
  #renew(task: Task): void {
    this.after(0, () => {
      const { run } = task;
      task.run = null;
      run?.();
    });
  }
}
