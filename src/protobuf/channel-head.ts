import type { ChannelName } from '../candle/channel.ts';
import type { ChannelHeadMessage, FeedState } from '../candle/messages.ts';
import type { AliasBook, KnownAliases } from './channel-aliases.ts';
import { readFeedState, writeFeedState } from './enums.ts';
import { FIELDS } from './fields.ts';
import { WireError, type WireReader } from './wire-reader.ts';
import type { WireWriter } from './wire-writer.ts';

const FIELD = FIELDS.ChannelHead;

/** A channel's head, in `subscribed` with `recovered` where `since` was given. */
export type WrittenHead = ChannelHeadMessage & { readonly recovered?: boolean | undefined };

export function writeHeads(
  writer: WireWriter,
  field: number,
  heads: readonly WrittenHead[],
  aliases: AliasBook,
): void {
  for (const { channel, epoch, offset, lastClosed, state, recovered } of heads) {
    const start = writer.beginMessage(field);
    writer.uint(FIELD.alias, aliases.of(channel, epoch));
    writer.string(FIELD.channel, channel);
    writer.optionalString(FIELD.epoch, epoch ?? undefined);
    writer.uint(FIELD.offset, offset);
    writer.optionalUint(FIELD.lastClosed, lastClosed ?? undefined);
    writeFeedState(writer, FIELD.state, state);
    writer.optionalBool(FIELD.recovered, recovered);
    writer.endMessage(start);
  }
}

export function readHead(reader: WireReader, aliases: KnownAliases): WrittenHead {
  let alias = 0;
  let channel = '' as ChannelName;
  let epoch: string | null = null;
  let offset = 0;
  let lastClosed: number | null = null;
  let state: FeedState | undefined;
  let recovered: boolean | undefined;
  while (reader.next()) {
    if (reader.field === FIELD.alias) alias = reader.uint();
    else if (reader.field === FIELD.channel) channel = reader.string() as ChannelName;
    else if (reader.field === FIELD.epoch) epoch = reader.string();
    else if (reader.field === FIELD.offset) offset = reader.uint();
    else if (reader.field === FIELD.lastClosed) lastClosed = reader.uint();
    else if (reader.field === FIELD.state) state = readFeedState(reader);
    else if (reader.field === FIELD.recovered) recovered = reader.bool();
    else reader.skip();
  }
  if (state === undefined) throw new WireError('a channel lacks its state');
  aliases.learn(alias, channel, epoch);
  const head = { channel, epoch, offset, lastClosed, state };
  return recovered === undefined ? head : { ...head, recovered };
}
