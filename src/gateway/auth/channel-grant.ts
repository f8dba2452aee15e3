import { LRUCache } from 'lru-cache';
import type { Channel } from '../../candle/channel.ts';
import {
  matchesPattern,
  parseChannelPattern,
  type ChannelPattern,
} from '../../candle/channel-pattern.ts';

/** Patterns that one credential may hold. */
export const MAX_GRANT_PATTERNS = 100;

/** Which channels a credential may see. Immutable. */
export interface ChannelGrant {
  /** Canonical patterns, sorted, without repetitions; null: every channel. */
  readonly patterns: readonly string[] | null;
  allows(channel: Pick<Channel, 'symbol' | 'interval'>): boolean;
}

/** What a credential without a claim `channels` may see. */
export const ALL_CHANNELS: ChannelGrant = { patterns: null, allows: () => true };

class PatternGrant implements ChannelGrant {
  readonly patterns: readonly string[];
  readonly #parsed: readonly ChannelPattern[];

  constructor(parsed: readonly ChannelPattern[]) {
    this.#parsed = parsed;
    this.patterns = parsed.map(({ text }) => text);
  }

  allows(channel: Pick<Channel, 'symbol' | 'interval'>): boolean {
    return this.#parsed.some((pattern) => matchesPattern(pattern, channel));
  }
}

/**
 * Makes grants from lists of patterns. Few lists are in use and many tokens have the same, so equal
 * ones share an instance.
 */
export class ChannelGrants {
  readonly #known: LRUCache<string, ChannelGrant>;

  /** @param maxShared distinct grants that are remembered; others are made anew for each credential */
  constructor(maxShared = 1000) {
    this.#known = new LRUCache({ max: maxShared });
  }

  /**
   * @param claim the value of `channels`: undefined allows every channel, an empty list none
   * @returns undefined unless it is a list of at most 100 patterns
   */
  read(claim: unknown): ChannelGrant | undefined {
    if (claim === undefined) return ALL_CHANNELS;
    if (!Array.isArray(claim) || claim.length > MAX_GRANT_PATTERNS) return undefined;
    const patterns = new Map<string, ChannelPattern>();
    for (const entry of claim as readonly unknown[]) {
      const pattern = typeof entry === 'string' ? parseChannelPattern(entry) : undefined;
      if (pattern === undefined) return undefined;
      patterns.set(pattern.text, pattern);
    }
    const texts = [...patterns.keys()].sort();
    const key = texts.join(' ');
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const grant = new PatternGrant(texts.map((text) => patterns.get(text)).filter(isPresent));
    this.#known.set(key, grant);
    return grant;
  }
}

function isPresent<T>(value: T | undefined): value is T {
  return value !== undefined;
}
