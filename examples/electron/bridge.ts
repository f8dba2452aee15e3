import type { ReceivedCandle } from 'candlegate/client';

/** All that the window can reach, as `window.candlegate`. */
export interface CandlegateBridge {
  follow(symbol: string, interval: string): void;
  onCandle(listener: (candle: ReceivedCandle) => void): void;
  onFailure(listener: (message: string) => void): void;
}
