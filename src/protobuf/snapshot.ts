import { intervalOf, type ChannelName } from '../candle/channel-name.ts';
import type { ServerMessageOf, Source } from '../candle/messages.ts';
import { readCandleColumns, writeCandleColumns } from './candle-columns.ts';
import type { AliasBook, KnownAliases } from './channel-aliases.ts';
import { readSource, writeSource } from './enums.ts';
import { FIELDS } from './fields.ts';
import type { WireReader } from './wire-reader.ts';
import type { WireWriter } from './wire-writer.ts';

const FIELD = FIELDS.Snapshot;

export function writeSnapshot(
  writer: WireWriter,
  message: ServerMessageOf<'snapshot'>,
  aliases: AliasBook,
): void {
  const { channel, epoch, offset, source, candles } = message;
  writer.uint(FIELD.alias, aliases.of(channel, epoch));
  writer.string(FIELD.channel, channel);
  writer.string(FIELD.epoch, epoch);
  writer.uint(FIELD.offset, offset);
  writeSource(writer, FIELD.source, source);
  writer.bool(FIELD.replay, message.replay === true);
  writer.bool(FIELD.more, message.more === true);
  writeCandleColumns(writer, FIELD.candles, candles, intervalOf(channel));
}

export function readSnapshot(
  reader: WireReader,
  aliases: KnownAliases,
): ServerMessageOf<'snapshot'> {
  let alias = 0;
  let channel = '' as ChannelName;
  let epoch = '';
  let offset = 0;
  let source: Source = 'bybit';
  let replay = false;
  let more = false;
  let columns: WireReader | undefined;
  while (reader.next()) {
    if (reader.field === FIELD.alias) alias = reader.uint();
    else if (reader.field === FIELD.channel) channel = reader.string() as ChannelName;
    else if (reader.field === FIELD.epoch) epoch = reader.string();
    else if (reader.field === FIELD.offset) offset = reader.uint();
    else if (reader.field === FIELD.source) source = readSource(reader);
    else if (reader.field === FIELD.replay) replay = reader.bool();
    else if (reader.field === FIELD.more) more = reader.bool();
    else if (reader.field === FIELD.candles) columns = reader.message();
    else reader.skip();
  }
  aliases.learn(alias, channel, epoch);
  return {
    type: 'snapshot',
    channel,
    epoch,
    offset,
    source,
    ...(replay ? { replay: true } : {}),
    ...(more ? { more: true } : {}),
    candles: columns === undefined ? [] : readCandleColumns(columns, intervalOf(channel)),
  };
}
