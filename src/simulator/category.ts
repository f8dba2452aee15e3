/** Product categories of the exchange; each has its own WebSocket path. */
export const CATEGORIES = ['linear', 'spot', 'inverse', 'option'] as const;
export type Category = (typeof CATEGORIES)[number];

/** The category that a text names exactly. */
export function parseCategory(text: string): Category | undefined {
  return CATEGORIES.find((category) => category === text);
}

/**
 * Whether the simulator's contracts are traded in the category. They are linear ones, and the same
 * prices are served as spot; inverse and option exist, but list nothing.
 */
export function isTradedIn(category: Category): boolean {
  return category === 'linear' || category === 'spot';
}
