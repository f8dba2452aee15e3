/** Shortest and longest time between two ticks: few wake-ups, and no slot with too many sockets. */
const MIN_TICK_MS = 10;
const MAX_TICK_MS = 100;
/** Slots in one revolution when heartbeats are so frequent that ticks are shorter than the longest. */
const MIN_SLOTS = 10;
/** A tick later than this means that the event loop stood still. */
const STALL_MS = 1_000;

/** Where a member stands in the wheel. Kept in the member, so that removal needs no search. */
export interface WheelSeat {
  slot: number;
  index: number;
}

export interface WheelMember {
  readonly seat: WheelSeat;
  /** Once a revolution. */
  visit(now: number): void;
  /** Once a revolution, `pongTimeoutMs` after `visit` or a little later. */
  checkPong(now: number): void;
}

export interface WheelTiming {
  /** How often each member is visited. */
  readonly revolutionMs: number;
  readonly pongTimeoutMs: number;
}

/**
 * Spreads what every connection needs from time to time over many ticks, so that 15,000 sockets are
 * not written in one. One timer drives it; it never looks at the clock itself.
 */
export class HeartbeatWheel<Member extends WheelMember> {
  readonly tickMs: number;
  readonly #slots: Member[][];
  /** How many ticks after its visit a slot is checked for pongs. */
  readonly #pongLag: number;
  #nextSeat = 0;
  #size = 0;
  /** The slot that the next tick visits. */
  #hand = 0;
  #lastTickAt: number | null = null;
  #skipped = false;

  constructor(timing: WheelTiming) {
    const wanted = timing.revolutionMs / MIN_SLOTS;
    const tickMs = Math.min(MAX_TICK_MS, Math.max(MIN_TICK_MS, wanted));
    const slots = Math.max(1, Math.round(timing.revolutionMs / tickMs));
    this.tickMs = timing.revolutionMs / slots;
    this.#slots = Array.from({ length: slots }, () => []);
    // One tick more, for a pong that is exactly in time.
    this.#pongLag = Math.ceil(timing.pongTimeoutMs / this.tickMs) + 1;
  }

  get size(): number {
    return this.#size;
  }

  /** Members that arrive together are spread evenly. */
  add(member: Member): void {
    const slot = this.#nextSeat;
    this.#nextSeat = (slot + 1) % this.#slots.length;
    const members = this.#slot(slot);
    member.seat.slot = slot;
    member.seat.index = members.push(member) - 1;
    this.#size += 1;
  }

  remove(member: Member): void {
    const { slot, index } = member.seat;
    const members = this.#slot(slot);
    if (members[index] !== member) return;
    const last = members.pop();
    if (last !== undefined && last !== member) {
      members[index] = last;
      last.seat.index = index;
    }
    this.#size -= 1;
  }

  /** A copy, so that members may leave while it is walked. */
  members(): readonly Member[] {
    return this.#slots.flat();
  }

  /**
   * Does all ticks that are due, at most one revolution.
   *
   * After a standstill of the event loop the pongs that came meanwhile are still unread, so the first
   * call afterwards does nothing: the next one, a tick later, catches up.
   */
  advance(now: number): void {
    const last = this.#lastTickAt;
    if (last === null || now < last) {
      this.#lastTickAt = now;
      return;
    }
    if (now - last > STALL_MS && !this.#skipped) {
      this.#skipped = true;
      return;
    }
    this.#skipped = false;
    const due = Math.floor((now - last) / this.tickMs);
    this.#lastTickAt = due > this.#slots.length ? now : last + due * this.tickMs;
    for (let tick = Math.min(due, this.#slots.length); tick > 0; tick -= 1) this.#tick(now);
  }

  #tick(now: number): void {
    const slot = this.#hand;
    this.#hand = (slot + 1) % this.#slots.length;
    const overdue = slot - (this.#pongLag % this.#slots.length);
    this.#each((overdue + this.#slots.length) % this.#slots.length, (member) =>
      member.checkPong(now),
    );
    this.#each(slot, (member) => member.visit(now));
  }

  /** Backwards, because a member may leave while it is visited and the last one takes its place. */
  #each(slot: number, act: (member: Member) => void): void {
    const members = this.#slot(slot);
    for (let index = members.length - 1; index >= 0; index -= 1) {
      const member = members[index];
      if (member !== undefined) act(member);
    }
  }

  #slot(slot: number): Member[] {
    const members = this.#slots[slot];
    if (members === undefined) throw new RangeError(`the wheel has no slot ${slot}`);
    return members;
  }
}
