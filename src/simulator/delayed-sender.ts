/** Sends in order, each message late by whatever the delay was when it was handed over. */
export interface DelayedSender<T> {
  send(message: T, delayMs: number): void;
  /** Forgets what has not left yet. */
  stop(): void;
}

/** Without a delay, and with nothing waiting, messages leave at once. */
export function createDelayedSender<T>(deps: {
  readonly transmit: (message: T) => void;
}): DelayedSender<T> {
  let queue: { readonly message: T; readonly due: number }[] = [];
  let timer: NodeJS.Timeout | undefined;

  function flush(): void {
    timer = undefined;
    const now = performance.now();
    const ready = queue.findIndex(({ due }) => due > now);
    const leaving = queue.splice(0, ready === -1 ? queue.length : ready);
    for (const { message } of leaving) deps.transmit(message);
    arm();
  }

  function arm(): void {
    const next = queue[0];
    if (next === undefined || timer !== undefined) return;
    timer = setTimeout(flush, Math.max(0, Math.ceil(next.due - performance.now())));
  }

  return {
    send(message, delayMs) {
      if (delayMs === 0 && queue.length === 0) {
        deps.transmit(message);
        return;
      }
      // A delay that has shrunk must not let a later message overtake an earlier one.
      const due = Math.max(queue.at(-1)?.due ?? 0, performance.now() + delayMs);
      queue.push({ message, due });
      arm();
    },
    stop() {
      clearTimeout(timer);
      timer = undefined;
      queue = [];
    },
  };
}
