/** The store behind the bus gave no answer. What was asked of it may or may not have happened. */
export class BusUnavailableError extends Error {
  override readonly name = 'BusUnavailableError';
}
