import type { CandleMessage } from '../../candle/messages.ts';

/**
 * What `JSON.stringify` makes of a message, its members in the order of PROTOCOL.md, in a fraction of the
 * time. Numbers are finite and decimals plain, as the schema has it, so that only names can hold anything that
 * must be escaped.
 */
export function candleText(message: CandleMessage): string {
  const { channel, symbol, interval, epoch, offset, previous, source, backfill } = message;
  const { start, end, open, high, low, close, volume, turnover, confirm } = message.candle;
  const { exchange, ingest, published, gateway } = message.times;
  const { traceparent } = message;
  return (
    `{"type":"candle","channel":${quoted(channel)},"symbol":${quoted(symbol)},` +
    `"interval":"${interval}","epoch":${quoted(epoch)},"offset":${offset}` +
    (previous === undefined ? '' : `,"previous":${previous}`) +
    `,"source":"${source}"${backfill === true ? ',"backfill":true' : ''}` +
    `,"candle":{"start":${start},"end":${end},"open":"${open}","high":"${high}","low":"${low}",` +
    `"close":"${close}","volume":"${volume}","turnover":"${turnover}","confirm":${confirm}}` +
    `,"times":{"exchange":${exchange},"ingest":${ingest},"published":${published},` +
    `"gateway":${gateway}}${traceparent === undefined ? '' : `,"traceparent":"${traceparent}"`}}`
  );
}

/** A JSON string of a text that is hardly ever anything but printable ASCII without quotes. */
function quoted(text: string): string {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || code > 0x7e || code === 0x22 || code === 0x5c) return JSON.stringify(text);
  }
  return `"${text}"`;
}
