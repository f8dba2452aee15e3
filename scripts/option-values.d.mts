export function countIn(text: string): number;
export function amountIn(text: string): number;
export function someOf(names: readonly string[]): (text: string) => string[];
