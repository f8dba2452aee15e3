/** What may happen between the exchange and a worker. Chances are per frame or request. */
export interface ExchangeConditions {
  /** A frame is lost. */
  frameLoss: number;
  /** A frame comes again, later. */
  frameRepeat: number;
  /** A frame takes much longer, so that later ones overtake it. */
  frameDelay: number;
  /** A request fails. */
  restFailure: number;
  /** A request is never answered; the worker gives it up. */
  restHang: number;
  /** A row comes late into history: answers lack it for a while, though they have later ones. */
  rowLate: number;
  /** History lags by so many ms of virtual time: answers lack all newer rows. */
  historyLagMs: number;
  /** No connection can be made. */
  isStreamDown: boolean;
  /** Every request fails. */
  isRestDown: boolean;
}

export function calmExchange(): ExchangeConditions {
  return {
    frameLoss: 0,
    frameRepeat: 0,
    frameDelay: 0,
    restFailure: 0,
    restHang: 0,
    rowLate: 0,
    historyLagMs: 0,
    isStreamDown: false,
    isRestDown: false,
  };
}
