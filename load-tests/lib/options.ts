/** What the environment says about a run. Everything has a default that suits two gateways on this machine. */

function text(name: string, fallback: string): string {
  const value = __ENV[name];
  return value === undefined || value === '' ? fallback : value;
}

function count(name: string, fallback: number): number {
  const value = Number(text(name, String(fallback)));
  if (!Number.isInteger(value) || value < 0) throw new Error(`${name} must be a whole number`);
  return value;
}

function list(name: string, fallback: string): readonly string[] {
  return text(name, fallback)
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

const DURATION_UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

/** `90s`, `10m`, `2h` in ms. */
function duration(name: string, fallback: string): number {
  const written = text(name, fallback);
  const [, amount, unit] = /^(\d+)(ms|s|m|h)$/.exec(written) ?? [];
  const factor = DURATION_UNITS_MS[unit ?? ''];
  if (factor === undefined) throw new Error(`${name} must be a duration such as 90s, 10m or 2h`);
  return Number(amount) * factor;
}

/** Bases of all gateways, `ws://host:port`; clients are spread over them. */
export const GATEWAYS = list('GATEWAYS', 'ws://127.0.0.1:8000');
/** Channels that every client subscribes to. */
export const CHANNELS = list('CHANNELS', 'candles:BTCUSDT:1,candles:ETHUSDT:1,candles:SOLUSDT:1');
/** Clients at the same time, each with a connection of its own. */
export const CLIENTS = (fallback: number): number => count('CLIENTS', fallback);
/** How long each client listens, in ms. */
export const LISTEN_MS = (fallback: string): number => duration('DURATION', fallback);
/** Over which time clients arrive, in ms. */
export const RAMP_MS = (fallback: string): number => duration('RAMP', fallback);
export const RATE = (fallback: number): number => count('RATE', fallback);

/** Bounds of the thresholds, in ms. */
export const BOUNDS = {
  deliveryP99Ms: count('DELIVERY_P99_MS', 250),
  busP99Ms: count('BUS_P99_MS', 100),
  clientP99Ms: count('CLIENT_P99_MS', 200),
};

/** HS256 key that the gateways were given; without it `TOKEN` is presented by every client. */
export const JWT = {
  secret: text('CANDLEGATE_JWT_SECRET', ''),
  token: text('TOKEN', ''),
  issuer: text('CANDLEGATE_JWT_ISSUER', ''),
  audience: text('CANDLEGATE_JWT_AUDIENCE', ''),
};

/** Where reports go: `{REPORT_DIR}/{scenario}.json` and `.html`. */
export const REPORT_DIR = text('REPORT_DIR', '.');

/** Gateway of the `n`th client. */
export function gatewayOf(n: number): string {
  return GATEWAYS[n % GATEWAYS.length] ?? 'ws://127.0.0.1:8000';
}

/** The REST base beside a WebSocket base. */
export function restOf(gateway: string): string {
  return gateway.replace(/^ws/, 'http');
}
