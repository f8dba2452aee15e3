import type { Candle } from '../candle/candle.ts';
import { intervalOf, symbolOf, type ChannelName } from '../candle/channel-name.ts';
import type { HopTimes } from '../candle/hop-times.ts';
import { endOf } from '../candle/interval.ts';
import type { CandleMessage, Source } from '../candle/messages.ts';
import type { AliasBook, KnownAliases } from './channel-aliases.ts';
import { spellDecimal } from './decimal.ts';
import { readSource, writeSource } from './enums.ts';
import { FIELDS } from './fields.ts';
import { MINUTE_MS, timesFromSteps, timeSteps, unusualEnd, type TimeSteps } from './instants.ts';
import { mantissasOf, packScales, scalesOf, scanCandle, unpackScales } from './mantissas.ts';
import { readSpelling, respell, writeSpelling, type Spelling } from './spelling.ts';
import { WireError, type WireReader } from './wire-reader.ts';
import type { WireWriter } from './wire-writer.ts';

const FIELD = FIELDS.Candle;

/** @param introduces whether some receiver may not know what the alias stands for */
export function writeCandleMessage(
  writer: WireWriter,
  message: CandleMessage,
  aliases: AliasBook,
  introduces: boolean,
): void {
  const { candle, channel, epoch, times, previous } = message;
  const { start } = candle;
  writer.uint(FIELD.alias, aliases.of(channel, epoch));
  writer.uint(FIELD.offset, message.offset);
  const isMinute = start % MINUTE_MS === 0;
  if (isMinute) writer.uint(FIELD.startMinutes, start / MINUTE_MS);
  const steps = timeSteps(start, times);
  if (steps !== undefined) writer.sints(FIELD.times, steps);

  const scanned = scanCandle(candle);
  const scales = scalesOf([scanned]);
  const mantissas = mantissasOf(candle, scanned, scales, 0);
  const { open, high, low, close, volume, turnover, spelling } = mantissas;
  writer.sints(FIELD.values, [open, high, low, close, volume, turnover]);
  writer.uint(FIELD.scales, packScales(scales));

  writer.bool(FIELD.confirm, candle.confirm);
  if (previous === null) writer.bool(FIELD.previousUnknown, true);
  else writer.optionalUint(FIELD.previousMs, previous);
  writeSource(writer, FIELD.source, message.source);
  writer.bool(FIELD.backfill, message.backfill === true);
  writer.optionalString(FIELD.traceparent, message.traceparent);
  if (introduces) {
    writer.string(FIELD.channel, channel);
    writer.string(FIELD.epoch, epoch);
  }
  writer.optionalUint(FIELD.endMs, unusualEnd(intervalOf(channel), start, candle.end));
  if (!isMinute) writer.uint(FIELD.startMs, start);
  if (steps === undefined) {
    const { exchange, ingest, published, gateway } = times;
    writer.doubles(FIELD.exactTimes, [exchange, ingest, published, gateway]);
  }
  if (spelling !== undefined) writeSpelling(writer, FIELD.spelling, spelling);
}

/** The fields as they came, before they are put together. */
interface Fields {
  alias: number;
  offset: number;
  start: number;
  readonly steps: number[];
  readonly values: number[];
  scales: number;
  confirm: boolean;
  /** Undefined: absent; null: the one before is not known. */
  previous: number | null | undefined;
  source: Source;
  backfill: boolean;
  traceparent: string | undefined;
  channel: string;
  epoch: string;
  end: number | undefined;
  readonly exactTimes: number[];
  spelling: Spelling | undefined;
}

function readFields(reader: WireReader): Fields {
  const fields: Fields = {
    alias: 0,
    offset: 0,
    start: 0,
    steps: [],
    values: [],
    scales: 0,
    confirm: false,
    previous: undefined,
    source: 'bybit',
    backfill: false,
    traceparent: undefined,
    channel: '',
    epoch: '',
    end: undefined,
    exactTimes: [],
    spelling: undefined,
  };
  while (reader.next()) readField(reader, fields);
  return fields;
}

function readField(reader: WireReader, fields: Fields): void {
  switch (reader.field) {
    case FIELD.alias:
      fields.alias = reader.uint();
      return;
    case FIELD.offset:
      fields.offset = reader.uint();
      return;
    case FIELD.startMinutes:
      fields.start = reader.uint() * MINUTE_MS;
      return;
    case FIELD.times:
      reader.sintsInto(fields.steps);
      return;
    case FIELD.values:
      reader.sintsInto(fields.values);
      return;
    case FIELD.scales:
      fields.scales = reader.uint();
      return;
    case FIELD.confirm:
      fields.confirm = reader.bool();
      return;
    case FIELD.previousMs:
      fields.previous = reader.uint();
      return;
    case FIELD.previousUnknown:
      fields.previous = reader.bool() ? null : undefined;
      return;
    case FIELD.source:
      fields.source = readSource(reader);
      return;
    case FIELD.backfill:
      fields.backfill = reader.bool();
      return;
    case FIELD.traceparent:
      fields.traceparent = reader.string();
      return;
    case FIELD.channel:
      fields.channel = reader.string();
      return;
    case FIELD.epoch:
      fields.epoch = reader.string();
      return;
    case FIELD.endMs:
      fields.end = reader.uint();
      return;
    case FIELD.startMs:
      fields.start = reader.uint();
      return;
    case FIELD.exactTimes:
      reader.doublesInto(fields.exactTimes);
      return;
    case FIELD.spelling:
      fields.spelling = readSpelling(reader.message());
      return;
    default:
      reader.skip();
  }
}

/** @throws WireError also for an alias that nothing has explained */
export function readCandleMessage(reader: WireReader, aliases: KnownAliases): CandleMessage {
  const fields = readFields(reader);
  if (fields.channel !== '') {
    aliases.learn(fields.alias, fields.channel as ChannelName, fields.epoch);
  }
  const known = aliases.get(fields.alias);
  if (known === undefined) throw new WireError(`alias ${fields.alias} has not been explained`);
  const { channel, epoch } = known;
  const { previous } = fields;
  return {
    type: 'candle',
    channel,
    symbol: symbolOf(channel),
    interval: intervalOf(channel),
    epoch,
    offset: fields.offset,
    ...(previous === undefined ? {} : { previous }),
    source: fields.source,
    ...(fields.backfill ? { backfill: true } : {}),
    candle: readCandle(fields, channel),
    times: readTimes(fields),
    ...(fields.traceparent === undefined ? {} : { traceparent: fields.traceparent }),
  };
}

function readCandle(fields: Fields, channel: ChannelName): Candle {
  const { start, values, spelling } = fields;
  const [open = 0, high = 0, low = 0, close = 0, volume = 0, turnover = 0] = values;
  const scales = unpackScales(fields.scales);
  const candle = {
    start,
    end: fields.end ?? endOf(intervalOf(channel), start),
    open: spellDecimal(open, scales.price),
    high: spellDecimal(open + high, scales.price),
    low: spellDecimal(open + low, scales.price),
    close: spellDecimal(open + close, scales.price),
    volume: spellDecimal(volume, scales.volume),
    turnover: spellDecimal(turnover, scales.turnover),
    confirm: fields.confirm,
  };
  return spelling === undefined ? candle : respell(candle, spelling);
}

function readTimes({ steps, start, exactTimes }: Fields): HopTimes {
  if (exactTimes.length > 0) {
    const [exchange = 0, ingest = 0, published = 0, gateway = 0] = exactTimes;
    return { exchange, ingest, published, gateway };
  }
  if (steps.length < 4) throw new WireError('a candle lacks its times');
  return timesFromSteps(start, steps as unknown as TimeSteps);
}
