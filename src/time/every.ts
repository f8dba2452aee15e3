/** What all periods that share the timer are multiples of. */
const BEAT_MS = 50;

/** Runs a task from time to time. @returns ends it */
export type Every = (ms: number, run: () => void) => () => void;

interface Task {
  readonly beats: number;
  readonly run: () => void;
}

const tasks = new Set<Task>();
let beat = 0;
let timer: NodeJS.Timeout | undefined;

/**
 * Runs a task every `ms`, like `setInterval`, without keeping the process alive. Tasks whose periods are
 * multiples of 50 ms share one timer and run in the same turn of the event loop: an idle process that wakes up
 * for each of them by itself spends more on that than on what they do (some 45 µs for going to sleep and waking,
 * and as much again for Node's timers).
 *
 * @returns ends it
 */
export function every(ms: number, run: () => void): () => void {
  if (ms % BEAT_MS !== 0) {
    const own = setInterval(run, ms).unref();
    return () => clearInterval(own);
  }
  const task = { beats: ms / BEAT_MS, run };
  tasks.add(task);
  timer ??= setInterval(onBeat, BEAT_MS).unref();
  return () => {
    tasks.delete(task);
    if (tasks.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

function onBeat(): void {
  beat += 1;
  for (const { beats, run } of tasks) if (beat % beats === 0) run();
}
