import { adminAddress, startRole, type RoleProcess } from '../support/role-process.ts';

/** One process of the rig: it may be killed, frozen and started again. */
export class Member {
  readonly name: string;
  readonly #args: readonly string[];
  readonly #env: Readonly<Record<string, string>>;
  readonly #ready: RegExp;
  readonly #lives: RoleProcess[] = [];
  #admin = '';
  #isExpectedToRun = false;
  /** Ends that nobody asked for. */
  readonly crashes: string[] = [];

  /** @param ready the log line that says that it works */
  constructor(
    name: string,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
    ready: RegExp,
  ) {
    this.name = name;
    this.#args = args;
    this.#env = env;
    this.#ready = ready;
  }

  /** The process that runs, or ran last. */
  get life(): RoleProcess {
    const life = this.#lives.at(-1);
    if (life === undefined) throw new Error(`${this.name} has not been started`);
    return life;
  }

  /** `http://…` of its admin port; of the life before while it does not run. */
  get admin(): string {
    return this.#admin;
  }

  get isRunning(): boolean {
    return this.#isExpectedToRun;
  }

  /** Starts it, if it does not run, and waits until it works. */
  async start(): Promise<void> {
    if (this.#isExpectedToRun) return;
    this.#isExpectedToRun = true;
    const life = startRole(this.#args, this.#env);
    this.#lives.push(life);
    void life.ended.then((end) => {
      if (this.life === life && this.#isExpectedToRun) {
        this.#isExpectedToRun = false;
        this.crashes.push(`${this.name} (pid ${life.pid}) ended by itself: ${String(end)}`);
      }
    });
    await life.logged(({ msg }) => this.#ready.test(msg));
    if (this.#args[0] !== 'simulator') this.#admin = await adminAddress(life);
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** SIGTERM, and waits for the end. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  freeze(): void {
    this.life.signal('SIGSTOP');
  }

  thaw(): void {
    this.life.signal('SIGCONT');
  }

  async isReady(): Promise<boolean> {
    if (!this.#isExpectedToRun) return false;
    try {
      const response = await fetch(`${this.#admin}/readyz`, { signal: AbortSignal.timeout(1_000) });
      return response.status === 200;
    } catch {
      // Not yet, or not any more: the caller asks again.
      return false;
    }
  }

  /** For the very end, also of a process that is frozen: nothing of ours may stay. */
  killNow(): void {
    this.#isExpectedToRun = false;
    for (const life of this.#lives) life.signal('SIGKILL');
  }

  /** What it has written with one of these texts, over all lives; times in ms since 1970. */
  said(...messages: readonly string[]): { readonly msg: string; readonly time: number }[] {
    return this.#lives
      .flatMap(({ log }) => log)
      .filter(({ msg }) => messages.includes(msg))
      .map(({ msg, time }) => ({ msg, time: new Date(String(time)).getTime() }));
  }

  /** The last lines of its log, over all lives, for people. */
  tail(count: number): string[] {
    return this.#lives
      .flatMap(({ pid, log, text }) => [
        ...text.map((line) => `[${pid}] ${line}`),
        ...log.map((line) => `[${pid}] ${JSON.stringify(line)}`),
      ])
      .slice(-count);
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    this.#isExpectedToRun = false;
    await this.life.stop(signal);
  }
}
