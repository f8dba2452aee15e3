import type { Figures } from '../../../bench/capacity/plan.ts';

/** Round ones, so that results can be reckoned by hand. */
export const FIGURES: Figures = {
  deliveryUs: { json: 4, protobuf: 4 },
  messageUs: 100,
  idleUs: 10,
  upgradeUs: { newToken: 400, seenToken: 100 },
  baseBytes: 100e6,
  connectionBytes: 2_000,
  heldCandleBytes: 800,
  tokenBytes: 1_000,
  updateBytes: { json: 400, protobuf: 50 },
  redisPublishUs: 80,
  redisDeliveryUs: 2,
};
