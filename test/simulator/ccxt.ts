/**
 * The part of ccxt that is used here. Its own declarations, over 300 files, would make up a quarter of
 * all types that every check of this project reads.
 */
export interface CcxtBybit {
  readonly urls: { api: { public: string; ws: { public: Record<string, string> } } };
  /** Needed for addresses that begin with `ws:`. */
  loadHttpProxyAgent(): Promise<unknown>;
  loadMarkets(): Promise<unknown>;
  /** Rows of start, open, high, low, close, volume. */
  watchOHLCV(symbol: string, timeframe: string): Promise<number[][]>;
  fetchOHLCV(symbol: string, timeframe: string, since: number, limit: number): Promise<number[][]>;
  close(): Promise<unknown>;
}

/** The published package, unmodified. */
export async function loadCcxt(): Promise<{ readonly bybit: new () => CcxtBybit }> {
  // Not a literal, so that the compiler does not follow it.
  const name: string = 'ccxt';
  const module = (await import(name)) as { default: { pro: { bybit: new () => CcxtBybit } } };
  return module.default.pro;
}
