import type { Random } from '../random.ts';
import type { Scheduler, Task } from './scheduler.ts';
import type { VirtualProcess } from './virtual-process.ts';

/** What `setTimeout` and `setInterval` return. */
class VirtualTimer {
  task: Task | null = null;

  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
}

type Callback = (...args: unknown[]) => void;

const globals = globalThis as unknown as Record<string, unknown>;
const REPLACED = [
  'setTimeout',
  'clearTimeout',
  'setInterval',
  'clearInterval',
  'setImmediate',
  'clearImmediate',
] as const;

/**
 * Node's timers, clocks and chance, made virtual: they belong to the process whose task is running.
 * Installed only while tasks run.
 */
export class VirtualGlobals {
  readonly #scheduler: Scheduler;
  readonly #virtual: Readonly<Record<(typeof REPLACED)[number], unknown>>;
  readonly #random: () => number;
  #real: Record<string, unknown> | null = null;

  constructor(scheduler: Scheduler, random: Random) {
    this.#scheduler = scheduler;
    this.#random = random.next;
    const clear = (timer: unknown): void => {
      if (timer instanceof VirtualTimer && timer.task !== null) timer.task.run = null;
      if (timer instanceof VirtualTimer) timer.task = null;
    };
    this.#virtual = {
      setTimeout: (callback: Callback, delayMs = 0, ...args: unknown[]) => {
        const timer = new VirtualTimer();
        timer.task = this.#process.after(Math.max(1, delayMs), () => callback(...args));
        return timer;
      },
      setInterval: (callback: Callback, periodMs = 0, ...args: unknown[]) => {
        const timer = new VirtualTimer();
        const process = this.#process;
        const arm = (): void => {
          timer.task = process.after(Math.max(1, periodMs), () => {
            arm();
            callback(...args);
          });
        };
        arm();
        return timer;
      },
      setImmediate: (callback: Callback, ...args: unknown[]) => {
        this.#process.defer(() => callback(...args));
      },
      clearTimeout: clear,
      clearInterval: clear,
      clearImmediate: () => {
        throw new Error('immediates of a simulated process cannot be cleared');
      },
    };
  }

  install(): void {
    this.#real = {};
    for (const name of REPLACED) {
      this.#real[name] = globals[name];
      globals[name] = this.#virtual[name];
    }
    this.#real['Math.random'] = Math.random;
    this.#real['Date.now'] = Date.now;
    Math.random = this.#random;
    Date.now = () => Math.floor(this.#process.now());
    // Shadows the prototype's.
    performance.now = () => this.#scheduler.now;
  }

  uninstall(): void {
    const real = this.#real;
    if (real === null) return;
    for (const name of REPLACED) globals[name] = real[name];
    Math.random = real['Math.random'] as typeof Math.random;
    Date.now = real['Date.now'] as typeof Date.now;
    delete (performance as { now?: unknown }).now;
    this.#real = null;
  }

  get #process(): VirtualProcess {
    const { current } = this.#scheduler;
    if (current === null) throw new Error('a timer outside of every simulated process');
    return current;
  }
}
