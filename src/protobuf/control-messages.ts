import type { ErrorCode } from '../candle/codes.ts';
import type { ServerMessageOf, Source } from '../candle/messages.ts';
import type { AliasBook, KnownAliases } from './channel-aliases.ts';
import { readHead, writeHeads, type WrittenHead } from './channel-head.ts';
import { readSource, writeSource } from './enums.ts';
import { FIELDS } from './fields.ts';
import type { ChannelName } from '../candle/channel.ts';
import type { WireReader } from './wire-reader.ts';
import type { WireWriter } from './wire-writer.ts';

/** The messages of the server that hold no candles. */

export function writeWelcome(writer: WireWriter, message: ServerMessageOf<'welcome'>): void {
  const field = FIELDS.Welcome;
  writer.string(field.protocol, message.protocol);
  writer.string(field.connection, message.connection);
  writer.string(field.gateway, message.gateway);
  writeSource(writer, field.source, message.source);
  writer.double(field.time, message.time);
  writer.uint(field.heartbeatMs, message.heartbeatMs);
  writer.uint(field.expiresAt, message.expiresAt);
  const limits = writer.beginMessage(field.limits);
  for (const name of LIMIT_NAMES) writer.uint(FIELDS.Limits[name], message.limits[name]);
  writer.endMessage(limits);
}

const LIMIT_NAMES = [
  'subscriptions',
  'messageBytes',
  'messagesPerSecond',
  'connections',
  'requestsPerMinute',
] as const;

function noLimits() {
  return {
    subscriptions: 0,
    messageBytes: 0,
    messagesPerSecond: 0,
    connections: 0,
    requestsPerMinute: 0,
  };
}

export function readWelcome(reader: WireReader): ServerMessageOf<'welcome'> {
  const field = FIELDS.Welcome;
  const message = {
    type: 'welcome' as const,
    protocol: '',
    connection: '',
    gateway: '',
    source: 'bybit' as Source,
    time: 0,
    heartbeatMs: 0,
    expiresAt: 0,
    limits: noLimits(),
  };
  while (reader.next()) {
    if (reader.field === field.protocol) message.protocol = reader.string();
    else if (reader.field === field.connection) message.connection = reader.string();
    else if (reader.field === field.gateway) message.gateway = reader.string();
    else if (reader.field === field.source) message.source = readSource(reader);
    else if (reader.field === field.time) message.time = reader.double();
    else if (reader.field === field.heartbeatMs) message.heartbeatMs = reader.uint();
    else if (reader.field === field.expiresAt) message.expiresAt = reader.uint();
    else if (reader.field === field.limits) message.limits = readLimits(reader.message());
    else reader.skip();
  }
  return message;
}

function readLimits(reader: WireReader): ServerMessageOf<'welcome'>['limits'] {
  const limits = noLimits();
  while (reader.next()) {
    const name = LIMIT_NAMES.find((candidate) => FIELDS.Limits[candidate] === reader.field);
    if (name === undefined) reader.skip();
    else limits[name] = reader.uint();
  }
  return limits;
}

export function writeSubscribed(
  writer: WireWriter,
  message: ServerMessageOf<'subscribed'>,
  aliases: AliasBook,
): void {
  writer.optionalString(FIELDS.Subscribed.id, message.id);
  writeSource(writer, FIELDS.Subscribed.source, message.source);
  writeHeads(writer, FIELDS.Subscribed.channels, message.channels, aliases);
}

export function readSubscribed(
  reader: WireReader,
  aliases: KnownAliases,
): ServerMessageOf<'subscribed'> {
  const field = FIELDS.Subscribed;
  let id: string | undefined;
  let source: Source = 'bybit';
  const channels: WrittenHead[] = [];
  while (reader.next()) {
    if (reader.field === field.id) id = reader.string();
    else if (reader.field === field.source) source = readSource(reader);
    else if (reader.field === field.channels) channels.push(readHead(reader.message(), aliases));
    else reader.skip();
  }
  return { type: 'subscribed', ...(id === undefined ? {} : { id }), source, channels };
}

export function writeUnsubscribed(
  writer: WireWriter,
  message: ServerMessageOf<'unsubscribed'>,
): void {
  writer.optionalString(FIELDS.Unsubscribed.id, message.id);
  writer.strings(FIELDS.Unsubscribed.channels, message.channels);
}

export function readUnsubscribed(reader: WireReader): ServerMessageOf<'unsubscribed'> {
  let id: string | undefined;
  const channels: ChannelName[] = [];
  while (reader.next()) {
    if (reader.field === FIELDS.Unsubscribed.id) id = reader.string();
    else if (reader.field === FIELDS.Unsubscribed.channels) {
      channels.push(reader.string() as ChannelName);
    } else reader.skip();
  }
  return { type: 'unsubscribed', ...(id === undefined ? {} : { id }), channels };
}

export function writeHeartbeat(
  writer: WireWriter,
  message: ServerMessageOf<'heartbeat'>,
  aliases: AliasBook,
): void {
  writer.double(FIELDS.Heartbeat.time, message.time);
  writeSource(writer, FIELDS.Heartbeat.source, message.source);
  writeHeads(writer, FIELDS.Heartbeat.channels, message.channels, aliases);
}

export function readHeartbeat(
  reader: WireReader,
  aliases: KnownAliases,
): ServerMessageOf<'heartbeat'> {
  const field = FIELDS.Heartbeat;
  let time = 0;
  let source: Source = 'bybit';
  const channels: WrittenHead[] = [];
  while (reader.next()) {
    if (reader.field === field.time) time = reader.double();
    else if (reader.field === field.source) source = readSource(reader);
    else if (reader.field === field.channels) channels.push(readHead(reader.message(), aliases));
    else reader.skip();
  }
  return { type: 'heartbeat', time, source, channels };
}

export function writePong(writer: WireWriter, message: ServerMessageOf<'pong'>): void {
  writer.optionalString(FIELDS.Pong.id, message.id);
  writer.double(FIELDS.Pong.time, message.time);
}

export function readPong(reader: WireReader): ServerMessageOf<'pong'> {
  let id: string | undefined;
  let time = 0;
  while (reader.next()) {
    if (reader.field === FIELDS.Pong.id) id = reader.string();
    else if (reader.field === FIELDS.Pong.time) time = reader.double();
    else reader.skip();
  }
  return { type: 'pong', ...(id === undefined ? {} : { id }), time };
}

export function writeAuthenticated(
  writer: WireWriter,
  message: ServerMessageOf<'authenticated'>,
): void {
  writer.optionalString(FIELDS.Authenticated.id, message.id);
  writer.uint(FIELDS.Authenticated.expiresAt, message.expiresAt);
}

export function readAuthenticated(reader: WireReader): ServerMessageOf<'authenticated'> {
  let id: string | undefined;
  let expiresAt = 0;
  while (reader.next()) {
    if (reader.field === FIELDS.Authenticated.id) id = reader.string();
    else if (reader.field === FIELDS.Authenticated.expiresAt) expiresAt = reader.uint();
    else reader.skip();
  }
  return { type: 'authenticated', ...(id === undefined ? {} : { id }), expiresAt };
}

export function writeTokenExpiring(
  writer: WireWriter,
  message: ServerMessageOf<'token_expiring'>,
): void {
  writer.uint(FIELDS.TokenExpiring.expiresAt, message.expiresAt);
}

export function readTokenExpiring(reader: WireReader): ServerMessageOf<'token_expiring'> {
  let expiresAt = 0;
  while (reader.next()) {
    if (reader.field === FIELDS.TokenExpiring.expiresAt) expiresAt = reader.uint();
    else reader.skip();
  }
  return { type: 'token_expiring', expiresAt };
}

export function writeError(writer: WireWriter, message: ServerMessageOf<'error'>): void {
  writer.optionalString(FIELDS.Error.id, message.id);
  writer.string(FIELDS.Error.code, message.code);
  writer.string(FIELDS.Error.message, message.message);
  writer.optionalString(FIELDS.Error.channel, message.channel);
}

export function readError(reader: WireReader): ServerMessageOf<'error'> {
  const field = FIELDS.Error;
  let id: string | undefined;
  let code = '';
  let message = '';
  let channel: string | undefined;
  while (reader.next()) {
    if (reader.field === field.id) id = reader.string();
    else if (reader.field === field.code) code = reader.string();
    else if (reader.field === field.message) message = reader.string();
    else if (reader.field === field.channel) channel = reader.string();
    else reader.skip();
  }
  return {
    type: 'error',
    ...(id === undefined ? {} : { id }),
    code: code as ErrorCode,
    message,
    ...(channel === undefined ? {} : { channel }),
  };
}

export function writeGoingAway(writer: WireWriter, message: ServerMessageOf<'going_away'>): void {
  writer.uint(FIELDS.GoingAway.reconnectDelayMs, message.reconnectDelayMs);
}

export function readGoingAway(reader: WireReader): ServerMessageOf<'going_away'> {
  let reconnectDelayMs = 0;
  while (reader.next()) {
    if (reader.field === FIELDS.GoingAway.reconnectDelayMs) reconnectDelayMs = reader.uint();
    else reader.skip();
  }
  return { type: 'going_away', reconnectDelayMs };
}
