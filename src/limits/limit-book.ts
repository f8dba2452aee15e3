import type { LimitSettings, PlanLimits } from './limits.ts';

/** The limits in force, in one place: a reload replaces them for everything decided from then on. */
export class LimitBook {
  #settings: LimitSettings;

  constructor(settings: LimitSettings) {
    this.#settings = settings;
  }

  get settings(): LimitSettings {
    return this.#settings;
  }

  /** Open connections stay, even where there are more now than are allowed. */
  replace(settings: LimitSettings): void {
    this.#settings = settings;
  }

  /** @param plan what the token names; unknown ones get what tokens without a plan get */
  ofPlan(plan: string | null): PlanLimits {
    const { defaults, plans } = this.#settings;
    return plan === null ? defaults : (plans.get(plan) ?? defaults);
  }
}
