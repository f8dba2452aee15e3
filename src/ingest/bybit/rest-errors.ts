/** What a call came to; the label of the metric. */
export type RestOutcome =
  'ok' | 'network' | 'timeout' | 'server_error' | 'too_many' | 'forbidden' | 'refused' | 'invalid';

/** A call that did not bring what was asked for. */
export class RestError extends Error {
  readonly outcome: Exclude<RestOutcome, 'ok'>;

  constructor(outcome: Exclude<RestOutcome, 'ok'>, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RestError';
    this.outcome = outcome;
  }

  /** Whether the same call may go well a little later. */
  get isPassing(): boolean {
    return ['network', 'timeout', 'server_error', 'too_many'].includes(this.outcome);
  }
}
