/** The store gave no answer. What was asked of it may or may not have happened. */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError';
}

/** The store holds as many revocations as it may: nobody must forget one to make room for another. */
export class RevocationsFullError extends Error {
  override readonly name = 'RevocationsFullError';
}
