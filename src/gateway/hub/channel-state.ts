import type { ChannelHead, ChannelHistory } from '../../bus/bus.ts';
import type { Candle } from '../../candle/candle.ts';
import type { Interval } from '../../candle/interval.ts';
import type { BusCandleMessage } from '../../candle/messages.ts';
import type { ChannelEffect, RepairCause } from './channel-effects.ts';
import type { ClosedHistory } from './closed-history.ts';
import { HeldMessages, isNewerOpen, type Position, type ReceivedMessage } from './held-messages.ts';
import { KnownCandles } from './known-candles.ts';

export interface ChannelStateOptions {
  readonly interval: Interval;
  /** How many closed candles are held. */
  readonly historyDepth: number;
  /** How many closed candles wait during a repair at most; beyond that history is relied on. */
  readonly maxHeldCloses: number;
  /** How long a leader's head may be ahead before history is read: the messages may be on their way. */
  readonly headGraceMs: number;
  /** When this gateway started: the first snapshot holds what closed since. */
  readonly startedAt: number;
  /**
   * Names a read of history: never the same twice for a channel, also not for the state of one that was
   * left and is followed again, since the answer to the earlier state may still be on its way.
   */
  readonly nextRequest: () => number;
}

/** A repair under way. Until it ends nothing is delivered, and everything that comes is held. */
interface Repair {
  readonly cause: RepairCause;
  readonly startedAt: number;
  readonly held: HeldMessages;
  /** What history has to reach; null: any answer will do. */
  target: Position | null;
  /** The request whose answer counts. */
  request: number;
  /** Answers and failures in vain since there was a reason to hope. */
  attempt: number;
  /** The target was set after the request, so that the answer may honestly not know of it. */
  targetIsNewer: boolean;
}

/**
 * What a gateway knows of one channel, and how live messages, history and the leader's heads become
 * one gapless stream. Pure: each input takes the time and returns what the shell has to do.
 *
 * It delivers every closed candle in order of `start`, once; never an open update that is older than
 * one delivered or whose candle has closed. When something is missing that cannot be had, it says so
 * (`hole`) and goes on behind it. What it holds and what it has delivered are the same at all times:
 * a subscriber who is given this state and then every delivery misses nothing.
 */
export class ChannelState {
  readonly #known: KnownCandles;
  readonly #options: ChannelStateOptions;
  #epoch: string | null = null;
  #epochChanges = 0;
  #offset = 0;
  #repair: Repair | null = null;
  /** A head of the leader that is ahead of us, until `deadline`. */
  #suspect: { readonly head: ChannelHead; readonly deadline: number } | null = null;
  #hasReadHistory = false;

  constructor(options: ChannelStateOptions) {
    this.#options = options;
    this.#known = new KnownCandles(options.interval, options.historyDepth);
  }

  get history(): ClosedHistory {
    return this.#known.history;
  }
  /** Null while nothing of the channel is known. */
  get epoch(): string | null {
    return this.#epoch;
  }
  /** How often the epoch has changed: whoever was told of it can see whether that still holds. */
  get epochChanges(): number {
    return this.#epochChanges;
  }
  get offset(): number {
    return this.#offset;
  }
  get openCandle(): Candle | null {
    return this.#known.openCandle;
  }
  /** The exchange's time of the newest update; null before the first. */
  get lastUpdate(): number | null {
    return this.#known.lastUpdate;
  }
  /** Since when a repair has been under way; null when none is. */
  get repairingSince(): number | null {
    return this.#repair?.startedAt ?? null;
  }
  /** Whether history has been read at least once, even if it was empty. */
  get hasReadHistory(): boolean {
    return this.#hasReadHistory;
  }

  /** The bus subscription was made or made again: anything may have been missed. */
  subscribed(now: number): ChannelEffect[] {
    const effects: ChannelEffect[] = [];
    if (this.#repair === null) {
      this.#startRepair('subscription', null, this.#newHeld(), now, effects);
    } else {
      // A read that was asked before may be older than the subscription.
      this.#repair.attempt = 0;
      this.#read(this.#repair, effects);
    }
    return effects;
  }

  /** A message came over the live channel. */
  live(message: BusCandleMessage, receivedAt: number): ChannelEffect[] {
    const effects: ChannelEffect[] = [];
    const received = { message, receivedAt };
    if (this.#repair !== null) {
      this.#hold(this.#repair, received, effects);
      return effects;
    }
    if (message.epoch !== this.#epoch) {
      this.#repairFor('epoch', received, effects);
    } else if (message.offset > this.#offset + 1) {
      this.#repairFor('gap', received, effects);
    } else if (message.offset <= this.#offset) {
      if (this.#known.isNews(message)) this.#repairFor('regression', received, effects);
      else effects.push({ type: 'duplicate' });
    } else if (message.candle.confirm && !this.#known.follows(message)) {
      this.#repairFor('chain', received, effects);
    } else {
      this.#offset = message.offset;
      this.#take(received, 'live', effects);
    }
    return effects;
  }

  /** The leader's heartbeat told the channel's head. */
  leaderHead(head: ChannelHead, now: number): ChannelEffect[] {
    if (this.#repair === null && this.#suspect === null && this.#isAhead(head)) {
      this.#suspect = { head, deadline: now + this.#options.headGraceMs };
    }
    return this.tick(now);
  }

  /** Time has passed. To be called a few times per `headGraceMs`. */
  tick(now: number): ChannelEffect[] {
    const effects: ChannelEffect[] = [];
    if (this.#suspect === null) return effects;
    const { head, deadline } = this.#suspect;
    // A clock that was set back since would put it off for as long.
    const isDue = now >= deadline || now < deadline - this.#options.headGraceMs;
    if (!this.#isAhead(head)) {
      this.#suspect = null;
    } else if (isDue) {
      const target = { epoch: head.epoch, offset: head.offset };
      this.#startRepair('head', target, this.#newHeld(), now, effects);
    }
    return effects;
  }

  /** The answer to a `read` effect; null when the store knows nothing of the channel. */
  historyRead(request: number, answer: ChannelHistory | null, now: number): ChannelEffect[] {
    const effects: ChannelEffect[] = [];
    const repair = this.#repair;
    if (repair?.request !== request) return effects;
    this.#hasReadHistory = true;
    const { target } = repair;
    if (target !== null && !reaches(answer?.head, target)) {
      // Asked when the target was known, another epoch means that the target's is over.
      const isOver = answer !== null && answer.head.epoch !== target.epoch && !repair.targetIsNewer;
      if (!isOver) {
        if (!repair.targetIsNewer) repair.attempt += 1;
        this.#read(repair, effects);
        return effects;
      }
    }
    this.#repair = null;
    const { cause, startedAt } = repair;
    effects.push({ type: 'repair_finished', cause, durationMs: now - startedAt });
    const open = answer === null ? null : this.#merge(answer, now, effects);
    this.#release(repair.held, open, now, effects);
    return effects;
  }

  /** The read of a `read` effect failed. */
  historyFailed(request: number): ChannelEffect[] {
    const effects: ChannelEffect[] = [];
    if (this.#repair?.request !== request) return effects;
    this.#repair.attempt += 1;
    this.#read(this.#repair, effects);
    return effects;
  }

  #newHeld(): HeldMessages {
    return new HeldMessages(this.#options.maxHeldCloses);
  }

  #repairFor(cause: RepairCause, received: ReceivedMessage, effects: ChannelEffect[]): void {
    const held = this.#newHeld();
    const target = held.add(received);
    this.#startRepair(cause, target, held, received.receivedAt, effects);
  }

  #startRepair(
    cause: RepairCause,
    target: Position | null,
    held: HeldMessages,
    now: number,
    effects: ChannelEffect[],
  ): void {
    this.#suspect = null;
    this.#repair = {
      cause,
      startedAt: now,
      held,
      target,
      request: 0,
      attempt: 0,
      targetIsNewer: false,
    };
    effects.push({ type: 'repair_started', cause });
    this.#read(this.#repair, effects);
  }

  #read(repair: Repair, effects: ChannelEffect[]): void {
    repair.request = this.#options.nextRequest();
    repair.targetIsNewer = false;
    effects.push({
      type: 'read',
      request: repair.request,
      // The store may have come by what lies in a hole: then clients can resume across it again.
      after: this.#known.history.lastBeforeHole,
      attempt: repair.attempt,
    });
  }

  #hold(repair: Repair, received: ReceivedMessage, effects: ChannelEffect[]): void {
    const target = repair.held.add(received);
    if (target === null) return;
    const isNewEpoch = repair.target?.epoch !== target.epoch;
    repair.target = target;
    repair.targetIsNewer = true;
    if (isNewEpoch && repair.attempt > 0) {
      // What was waited for has happened: the store is writable again.
      repair.attempt = 0;
      this.#read(repair, effects);
    }
  }

  /**
   * Takes over what history has. What is new of the closed candles goes out, unless there is a hole
   * before it or nothing was known at all.
   *
   * @returns history's update of the open candle, if it is still to be delivered
   */
  #merge(
    { head, closed, open }: ChannelHistory,
    now: number,
    effects: ChannelEffect[],
  ): ReceivedMessage | null {
    const known = this.#known;
    const isFirst = known.lastClosed === null && (closed.length > 0 || known.openCandle === null);
    if (head.epoch !== this.#epoch) this.#epochChanges += 1;
    this.#epoch = head.epoch;
    this.#offset = head.offset;
    const { missed, hole } = known.merge(closed);
    if (isFirst) {
      if (open !== null && known.isNews(open)) known.take(open);
      if (!known.isEmpty) {
        effects.push({
          type: 'snapshot',
          epoch: head.epoch,
          offset: head.offset,
          closed: known.closedSince(this.#options.startedAt),
          open: known.openCandle,
        });
      }
      return null;
    }
    if (hole !== null) {
      effects.push({ type: 'hole', ...hole });
    } else {
      for (const message of missed) {
        effects.push({ type: 'deliver', message, receivedAt: now, via: 'repair' });
      }
    }
    return open === null ? null : { message: open, receivedAt: now };
  }

  /**
   * Lets out what was held, after history has been merged. As far as it was held it waited for history,
   * so the bus has it complete only now: received is what can be delivered.
   */
  #release(
    held: HeldMessages,
    open: ReceivedMessage | null,
    now: number,
    effects: ChannelEffect[],
  ): void {
    for (const received of held.closes) {
      const { message } = received;
      if (!this.#known.isNews(message)) continue;
      if (this.#known.follows(message)) {
        // Also when its epoch is over: a closed candle is a fact.
        this.#take({ message, receivedAt: now }, 'live', effects);
      } else if (this.#continues(held, message)) {
        this.#offset = message.offset - 1;
        const rest = held.from(received);
        const target = { epoch: message.epoch, offset: message.offset };
        this.#startRepair('chain', target, rest, now, effects);
        return;
      }
    }
    const { end } = held;
    if (end !== null && this.#continues(held, end)) this.#offset = end.offset;

    const heldIsNewest =
      held.open !== null && (open === null || !isNewerOpen(open.message, held.open.message));
    const newest = heldIsNewest ? held.open : open;
    if (newest !== null && this.#known.isNews(newest.message)) {
      const released = { message: newest.message, receivedAt: now };
      this.#take(released, heldIsNewest ? 'live' : 'repair', effects);
    }
  }

  /** Whether a held position comes after ours in our epoch, with nothing missing in between. */
  #continues(held: HeldMessages, position: Position): boolean {
    return position.epoch === this.#epoch && position.offset > this.#offset && held.inRun(position);
  }

  /** Applies what is next, if it is news, and passes it on. */
  #take(received: ReceivedMessage, via: 'live' | 'repair', effects: ChannelEffect[]): void {
    const { message, receivedAt } = received;
    if (!this.#known.isNews(message)) {
      effects.push({ type: 'duplicate' });
      return;
    }
    this.#known.take(message);
    effects.push({ type: 'deliver', message, receivedAt, via });
  }

  #isAhead(head: ChannelHead): boolean {
    if (head.epoch !== this.#epoch || head.offset > this.#offset) return true;
    const last = this.#known.lastClosed;
    return head.lastClosed !== null && (last === null || head.lastClosed > last);
  }
}

function reaches(head: ChannelHead | undefined, target: Position): boolean {
  return head !== undefined && head.epoch === target.epoch && head.offset >= target.offset;
}
