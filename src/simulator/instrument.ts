import { hashText, randomOf } from './seeded-random.ts';

/** A linear perpetual contract as the simulator trades it. */
export interface Instrument {
  readonly symbol: string;
  readonly baseCoin: string;
  readonly quoteCoin: string;
  /** A tick is 10^-priceScale. */
  readonly priceScale: number;
  /** A lot is 10^-volumeScale. */
  readonly volumeScale: number;
}

/** A contract whose prices the simulator invents. */
export interface SyntheticInstrument extends Instrument {
  /** The price around which the market moves, in ticks. */
  readonly middlePrice: number;
  /** Typical volume of a day in lots. */
  readonly dailyVolume: number;
  /** How far prices go, relative to BTCUSDT. */
  readonly volatility: number;
}

interface Listing {
  readonly price: number;
  readonly priceScale: number;
  readonly volumeScale: number;
  /** Typical turnover of a day in quote coin. */
  readonly dailyTurnover: number;
  readonly volatility: number;
}

/** Contracts with the tick and lot sizes that the exchange uses. */
const LISTINGS: Readonly<Record<string, Listing>> = {
  BTCUSDT: { price: 84_000, priceScale: 1, volumeScale: 3, dailyTurnover: 8e9, volatility: 1 },
  ETHUSDT: { price: 1_800, priceScale: 2, volumeScale: 2, dailyTurnover: 4e9, volatility: 1.4 },
  SOLUSDT: { price: 130, priceScale: 2, volumeScale: 1, dailyTurnover: 2e9, volatility: 1.7 },
  XRPUSDT: { price: 2.1, priceScale: 4, volumeScale: 1, dailyTurnover: 1e9, volatility: 1.6 },
  DOGEUSDT: { price: 0.17, priceScale: 5, volumeScale: 0, dailyTurnover: 8e8, volatility: 1.8 },
  BNBUSDT: { price: 600, priceScale: 1, volumeScale: 2, dailyTurnover: 3e8, volatility: 1.1 },
  ADAUSDT: { price: 0.65, priceScale: 4, volumeScale: 0, dailyTurnover: 2e8, volatility: 1.7 },
  LTCUSDT: { price: 85, priceScale: 2, volumeScale: 1, dailyTurnover: 1e8, volatility: 1.4 },
};

const QUOTE_COINS = ['USDT', 'USDC', 'USD', 'PERP'];

/** Any other symbol gets a price between a hundredth and a few hundred, always the same. */
function inventListing(symbol: string): Listing {
  const random = randomOf(hashText(symbol));
  const exponent = Math.floor(random() * 5) - 2;
  const price = (1 + Math.floor(random() * 80) / 10) * 10 ** exponent;
  return {
    price,
    priceScale: 4 - Math.min(3, exponent),
    volumeScale: exponent > 0 ? 1 : 0,
    dailyTurnover: 2e7 + Math.floor(random() * 1e8),
    volatility: 1.5 + random(),
  };
}

/** The contract of a symbol, known or not. */
export function syntheticInstrumentOf(symbol: string): SyntheticInstrument {
  const listing = LISTINGS[symbol] ?? inventListing(symbol);
  return {
    symbol,
    ...coinsOf(symbol),
    priceScale: listing.priceScale,
    volumeScale: listing.volumeScale,
    middlePrice: Math.round(listing.price * 10 ** listing.priceScale),
    volatility: listing.volatility,
    dailyVolume: Math.round((listing.dailyTurnover / listing.price) * 10 ** listing.volumeScale),
  };
}

/** Base and quote coin of a symbol, by its ending. */
export function coinsOf(symbol: string): { baseCoin: string; quoteCoin: string } {
  const quote = QUOTE_COINS.find((coin) => symbol.endsWith(coin) && symbol.length > coin.length);
  if (quote === undefined) return { baseCoin: symbol, quoteCoin: 'USDT' };
  return { baseCoin: symbol.slice(0, -quote.length), quoteCoin: quote === 'PERP' ? 'USDC' : quote };
}
