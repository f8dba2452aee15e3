/** How a Deployment of gateways is replaced (`maxUnavailable` 0), and what comes back from it. */
export interface Rollout {
  readonly clients: number;
  readonly pods: number;
  /** Pods above the number wanted. */
  readonly maxSurge: number;
  /** From the creation of a pod until it is ready, s. */
  readonly startSeconds: number;
  readonly minReadySeconds: number;
  /** From the deletion of a pod until it begins to close, s. */
  readonly preStopSeconds: number;
  /** Over which a pod spreads its closes, s. */
  readonly windowSeconds: number;
  /** Clients are told to wait at random up to this before they come back, s. */
  readonly jitterSeconds: number;
  /** Handshakes that a gateway can take in, a second. */
  readonly upgradesPerSecond: number;
  /** Where connections go: to all pods in service alike, or to those with the fewest. */
  readonly balancer: 'even' | 'fewest';
}

export interface RolloutReport {
  /** From the first new pod to the last client that is back, s. */
  readonly seconds: number;
  /** Handshakes over all pods: more than one a client where some landed on a pod that went next. */
  readonly reconnects: number;
  /** Most handshakes that arrived at one pod in one second. */
  readonly peakPerPod: number;
  /** Longest that handshakes waited for their turn, s. */
  readonly longestQueueSeconds: number;
  /** Most clients that were away at a time. */
  readonly mostAway: number;
  /** Clients of the fullest and of the emptiest pod at the end. */
  readonly fullest: number;
  readonly emptiest: number;
}

interface Pod {
  readonly isNew: boolean;
  readonly inServiceAt: number;
  /** When it begins to close; null: it stays. */
  drainsAt: number | null;
  /** Out of the balancer since. */
  leftAt: number | null;
  clients: number;
  /** Of those, what it had when it began to close. */
  toClose: number;
  queued: number;
}

/** Nobody waits for less than this of a client. */
const NEGLIGIBLE = 1e-6;
/** A rollout that takes longer than a day does not end. */
const MAX_SECONDS = 86_400;

/**
 * Walks through a rollout second by second. Clients are a fluid: fractions of them are as good as any,
 * so it needs no dice and says the same each time. Kubernetes makes the next new pods as soon as the
 * old ones have begun to go, so drains of several pods overlap.
 */
export function simulateRollout(rollout: Rollout): RolloutReport {
  const { clients, pods: count, maxSurge, jitterSeconds, upgradesPerSecond } = rollout;
  const pods: Pod[] = Array.from({ length: count }, () => ({
    isNew: false,
    inServiceAt: 0,
    drainsAt: null,
    leftAt: null,
    clients: clients / count,
    toClose: 0,
    queued: 0,
  }));
  /** Clients on their way, by the second in which they knock. */
  const arriving = new Map<number, number>();
  let made = 0;
  let replaced = 0;
  let reconnects = 0;
  let peakPerPod = 0;
  let longestQueueSeconds = 0;
  let mostAway = 0;

  for (let second = 0; second < MAX_SECONDS; second += 1) {
    // The Deployment: new pods while there is room, old ones away for each that is available.
    const available = pods.filter(
      ({ isNew, inServiceAt }) => isNew && second >= inServiceAt + rollout.minReadySeconds,
    ).length;
    while (replaced < Math.min(available, count)) {
      const old = pods.find(({ isNew, leftAt }) => !isNew && leftAt === null);
      if (old === undefined) break;
      old.leftAt = second;
      old.drainsAt = second + rollout.preStopSeconds;
      replaced += 1;
    }
    while (made < count && made < replaced + maxSurge) {
      pods.push({
        isNew: true,
        inServiceAt: second + rollout.startSeconds,
        drainsAt: null,
        leftAt: null,
        clients: 0,
        toClose: 0,
        queued: 0,
      });
      made += 1;
    }

    // Closes, evenly over the window; each client then waits for up to the jitter.
    for (const pod of pods) {
      if (pod.drainsAt === null || second < pod.drainsAt || pod.clients <= NEGLIGIBLE) continue;
      if (second === pod.drainsAt) pod.toClose = pod.clients;
      const closed = Math.min(pod.clients, pod.toClose / Math.max(1, rollout.windowSeconds));
      pod.clients -= closed;
      spread(arriving, second, closed, jitterSeconds);
    }

    // Arrivals.
    const knocking = arriving.get(second) ?? 0;
    arriving.delete(second);
    const open = pods.filter(({ inServiceAt, leftAt }) => leftAt === null && second >= inServiceAt);
    const shares = share(knocking, open, rollout.balancer);
    for (const [index, pod] of open.entries()) {
      const came = shares[index] ?? 0;
      pod.queued += came;
      peakPerPod = Math.max(peakPerPod, came);
    }
    for (const pod of pods) {
      longestQueueSeconds = Math.max(longestQueueSeconds, pod.queued / upgradesPerSecond);
      // Whoever still waits at a pod that is going is turned away and knocks elsewhere.
      if (pod.leftAt !== null && pod.queued > 0) {
        spread(arriving, second + 1, pod.queued, 0);
        pod.queued = 0;
        continue;
      }
      const taken = Math.min(pod.queued, upgradesPerSecond);
      pod.queued -= taken;
      pod.clients += taken;
      reconnects += taken;
    }

    const connected = pods.reduce((sum, pod) => sum + pod.clients, 0);
    const away = clients - connected;
    mostAway = Math.max(mostAway, away);
    const isOver =
      replaced === count && pods.every(({ isNew, clients: left }) => isNew || left <= NEGLIGIBLE);
    if (isOver && away <= clients * 1e-6 + NEGLIGIBLE) {
      const held = pods.filter(({ isNew }) => isNew).map((pod) => pod.clients);
      return {
        seconds: second,
        reconnects,
        peakPerPod,
        longestQueueSeconds,
        mostAway,
        fullest: Math.max(...held),
        emptiest: Math.min(...held),
      };
    }
  }
  throw new RangeError('the gateways never take all clients back');
}

/** Evenly over the seconds from `from` on. */
function spread(arriving: Map<number, number>, from: number, amount: number, over: number): void {
  const seconds = Math.ceil(over) + 1;
  for (let step = 0; step < seconds; step += 1) {
    arriving.set(from + step, (arriving.get(from + step) ?? 0) + amount / seconds);
  }
}

/** How many of `amount` go to each pod. */
function share(amount: number, pods: readonly Pod[], balancer: Rollout['balancer']): number[] {
  if (pods.length === 0) throw new RangeError('no pod is in service');
  if (balancer === 'even') return pods.map(() => amount / pods.length);
  // Up to a common level, the emptiest first.
  const held = pods.map(({ clients, queued }) => clients + queued);
  const sorted = [...held].sort((a, b) => a - b);
  let level = sorted[0] ?? 0;
  let left = amount;
  for (let full = 1; full <= sorted.length; full += 1) {
    const next = sorted[full] ?? Infinity;
    const room = (next - level) * full;
    if (room >= left) {
      level += left / full;
      break;
    }
    left -= room;
    level = next;
  }
  return held.map((value) => Math.max(0, level - value));
}
