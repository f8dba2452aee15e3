import { setTimeout as delay } from 'node:timers/promises';
import {
  adminAddress,
  listening,
  startRole,
  type RoleProcess,
} from '../../support/role-process.ts';
import type { Backend, Balancer } from './balancer.ts';

/** What the chart says of a pod's life. */
export interface PodSettings {
  readonly readinessPeriodMs: number;
  readonly readinessFailures: number;
  readonly minReadyMs: number;
  readonly preStopMs: number;
  readonly graceMs: number;
  readonly env: Readonly<Record<string, string>>;
}

/** How long endpoints take to reach a balancer. */
const PROPAGATION_MS = 500;

/** A gateway that is probed, put into service and taken out of it as a kubelet would. */
export class Pod implements Backend {
  readonly name: string;
  readonly #settings: PodSettings;
  readonly #balancer: Balancer;
  #process: RoleProcess | undefined;
  #port = 0;
  #admin = '';
  #readySince: number | null = null;
  #failures = 0;
  #isTerminating = false;
  #probing: NodeJS.Timeout | undefined;

  constructor(name: string, settings: PodSettings, balancer: Balancer) {
    this.name = name;
    this.#settings = settings;
    this.#balancer = balancer;
  }

  get port(): number {
    return this.#port;
  }

  get process(): RoleProcess {
    if (this.#process === undefined) throw new Error(`${this.name} has not been started`);
    return this.#process;
  }

  isInService(): boolean {
    return this.#readySince !== null && !this.#isTerminating;
  }

  /** Resolves when it has been ready for long enough for the rollout to go on. */
  async start(): Promise<void> {
    const { env, readinessPeriodMs, minReadyMs } = this.#settings;
    this.#process = startRole(['gateway'], { ...env, CANDLEGATE_INSTANCE: this.name });
    const at = await listening(this.#process);
    this.#port = Number(new URL(at.http).port);
    this.#admin = await adminAddress(this.#process);
    this.#balancer.add(this);
    const probe = () => void this.#probe();
    probe();
    this.#probing = setInterval(probe, readinessPeriodMs);
    while (this.#readySince === null || Date.now() - this.#readySince < minReadyMs) {
      await delay(50);
    }
  }

  /**
   * What follows when the pod is deleted: out of the endpoints, `preStop`, SIGTERM, and SIGKILL when the
   * grace period is over, counted from the deletion.
   *
   * @returns how long it took, and whether it ended by itself
   */
  async delete(): Promise<{ readonly tookMs: number; readonly exit: number | string | null }> {
    const start = Date.now();
    const { preStopMs, graceMs } = this.#settings;
    setTimeout(() => (this.#isTerminating = true), PROPAGATION_MS);
    const kill = setTimeout(() => this.process.signal('SIGKILL'), graceMs);
    await delay(preStopMs);
    const exit = await this.process.stop('SIGTERM');
    clearTimeout(kill);
    clearInterval(this.#probing);
    this.#balancer.remove(this);
    return { tookMs: Date.now() - start, exit };
  }

  async #probe(): Promise<void> {
    const isReady = await fetch(`${this.#admin}/readyz`, {
      signal: AbortSignal.timeout(2_000),
    }).then(
      ({ ok }) => ok,
      () => false,
    );
    this.#failures = isReady ? 0 : this.#failures + 1;
    if (isReady) this.#readySince ??= Date.now();
    else if (this.#failures >= this.#settings.readinessFailures) this.#readySince = null;
  }
}
