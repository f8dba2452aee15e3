import type { Logger } from 'pino';
import { formatMistakes, type Mistake } from '../config/mistake.ts';
import { envName, type Role } from '../config/setting.ts';
import { settingsOfRole, type SettingKey, type SettingValues } from '../config/settings.ts';

/** What a running process can take in: settings, and what is done when any of them has changed. */
export interface ReloadStep<Config> {
  readonly keys: readonly SettingKey[];
  /** Throws or rejects when it cannot be done; everything must then be as before. */
  readonly apply: (config: Config) => void | Promise<void>;
}

export interface ReloadDeps<Config> {
  readonly role: Role;
  readonly reloadable: {
    /** What is in force at the start. */
    readonly values: SettingValues;
    read():
      | { readonly ok: true; readonly config: Config; readonly values: SettingValues }
      | { readonly ok: false; readonly mistakes: readonly Mistake[] };
  };
  readonly steps: readonly ReloadStep<Config>[];
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
}

/**
 * Takes in a changed configuration, step by step. A configuration with any mistake changes nothing.
 * What has changed and cannot be taken in is named.
 */
export class Reload<Config> {
  readonly #deps: ReloadDeps<Config>;
  /** By key: what is in force. */
  readonly #inForce: Map<SettingKey, string>;
  #tail: Promise<void> = Promise.resolve();

  constructor(deps: ReloadDeps<Config>) {
    this.#deps = deps;
    const { role, reloadable } = deps;
    this.#inForce = new Map(
      settingsOfRole(role).map((key) => [key, JSON.stringify(reloadable.values[key])]),
    );
  }

  /** Reads and applies, after any that is under way. Never rejects. */
  run(): Promise<void> {
    this.#tail = this.#tail.then(() => this.#reload());
    return this.#tail;
  }

  async #reload(): Promise<void> {
    const { reloadable, steps, log } = this.#deps;
    const loaded = reloadable.read();
    if (!loaded.ok) {
      const mistakes = formatMistakes(loaded.mistakes).split('\n').slice(1);
      log.error({ mistakes }, 'not reloaded: the configuration has mistakes, nothing is changed');
      return;
    }
    const changed = new Set(
      [...this.#inForce.keys()].filter(
        (key) => this.#inForce.get(key) !== JSON.stringify(loaded.values[key]),
      ),
    );
    const applied: string[] = [];
    const failed: string[] = [];
    for (const { keys, apply } of steps) {
      const mine = keys.filter((key) => changed.delete(key));
      if (mine.length === 0) continue;
      const names = mine.map(envName);
      try {
        await apply(loaded.config);
        for (const key of mine) this.#inForce.set(key, JSON.stringify(loaded.values[key]));
        applied.push(...names);
      } catch (error) {
        failed.push(...names);
        log.error({ err: error, settings: names }, 'not reloaded: the old values stay in force');
      }
    }
    if (changed.size > 0) {
      log.warn({ settings: [...changed].map(envName) }, 'changed, but only a restart takes it in');
    }
    if (applied.length > 0) log.info({ settings: applied }, 'reloaded');
    else if (changed.size === 0 && failed.length === 0) log.info('reloaded: nothing has changed');
  }
}

/** Reloads at every SIGHUP from now on. */
export function reloadOnHangup<Config>(deps: ReloadDeps<Config>): void {
  const reload = new Reload(deps);
  process.on('SIGHUP', () => void reload.run());
}
