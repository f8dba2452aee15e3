import type { Category } from './category.ts';
import type { Instrument } from './instrument.ts';
import { spellMantissa } from './mantissa.ts';

/**
 * An instrument as `/v5/market/instruments-info` describes it, with the members that client libraries
 * read.
 *
 * @param listedAt ms since 1970
 */
export function instrumentRow(
  category: Category,
  instrument: Instrument,
  listedAt: number,
): Record<string, unknown> {
  const { symbol, baseCoin, quoteCoin, priceScale, volumeScale } = instrument;
  const tickSize = spellMantissa(1, priceScale);
  const lotSize = spellMantissa(1, volumeScale);
  const maxPrice = `1${'0'.repeat(7)}`;
  if (category === 'spot') {
    return {
      symbol,
      baseCoin,
      quoteCoin,
      innovation: '0',
      status: 'Trading',
      marginTrading: 'utaOnly',
      lotSizeFilter: {
        basePrecision: lotSize,
        quotePrecision: spellMantissa(1, priceScale + volumeScale),
        minOrderQty: lotSize,
        maxOrderQty: '1000000',
        minOrderAmt: '5',
        maxOrderAmt: '4000000',
      },
      priceFilter: { tickSize },
    };
  }
  return {
    symbol,
    contractType: 'LinearPerpetual',
    status: 'Trading',
    baseCoin,
    quoteCoin,
    launchTime: String(listedAt),
    deliveryTime: '0',
    deliveryFeeRate: '',
    priceScale: String(priceScale),
    leverageFilter: { minLeverage: '1', maxLeverage: '100.00', leverageStep: '0.01' },
    priceFilter: { minPrice: tickSize, maxPrice, tickSize },
    lotSizeFilter: {
      maxOrderQty: '1000000',
      minOrderQty: lotSize,
      qtyStep: lotSize,
      postOnlyMaxOrderQty: '1000000',
      maxMktOrderQty: '100000',
      minNotionalValue: '5',
    },
    unifiedMarginTrade: true,
    fundingInterval: 480,
    settleCoin: quoteCoin,
    copyTrading: 'none',
    upperFundingRate: '0.00375',
    lowerFundingRate: '-0.00375',
  };
}
