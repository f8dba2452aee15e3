/** One thing that is wrong with the configuration. Never holds a secret. */
export interface Mistake {
  /** The variable concerned, as it is called in the environment. */
  readonly variable: string;
  /** Completes the sentence that begins with the variable. */
  readonly message: string;
}

/** Several mistakes as text, one a line. */
export function formatMistakes(mistakes: readonly Mistake[]): string {
  const count = mistakes.length === 1 ? 'a mistake' : `${mistakes.length} mistakes`;
  const lines = mistakes.map(({ variable, message }) => `  ${variable} ${message}`);
  return [`The configuration has ${count}:`, ...lines].join('\n');
}
