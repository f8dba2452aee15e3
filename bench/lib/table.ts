import { figure } from './results.ts';
import type { Figure } from './scenario.ts';
import { median } from './statistics.ts';

/** What was measured in each round, by subject and by what it was measured at. */
export class Table {
  readonly #rounds = new Map<string, Map<string, number[]>>();

  /** @param at as in `Figure`; leave it out where there is one case only */
  add(subject: string, value: number, at = ''): void {
    const cases = this.#rounds.get(subject) ?? new Map<string, number[]>();
    this.#rounds.set(subject, cases);
    cases.set(at, [...(cases.get(at) ?? []), value]);
  }

  rounds(subject: string, at = ''): readonly number[] {
    return this.#rounds.get(subject)?.get(at) ?? [];
  }

  median(subject: string, at = ''): number {
    return median(this.rounds(subject, at));
  }

  /** @param given `at` for those that were added without one */
  figures({ quantity, unit, at = '' }: { quantity: string; unit: string; at?: string }): Figure[] {
    return [...this.#rounds].flatMap(([subject, cases]) =>
      [...cases].map(([own, rounds]) =>
        figure({ subject, quantity, unit, at: own === '' ? at : own, rounds }),
      ),
    );
  }
}
