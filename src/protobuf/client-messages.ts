import type { ClientMessage } from '../candle/messages.ts';
import { FIELDS } from './fields.ts';
import { WireReader } from './wire-reader.ts';
import { WireWriter } from './wire-writer.ts';

const BODY = FIELDS.ClientMessage;

/** One ClientMessage of the schema. */
export function writeClientMessage(message: ClientMessage): Uint8Array {
  const writer = new WireWriter();
  writer.optionalString(BODY.id, message.id);
  const body = writer.beginMessage(BODY[message.type]);
  switch (message.type) {
    case 'subscribe':
      writer.strings(FIELDS.Subscribe.channels, message.channels);
      writer.optionalUint(FIELDS.Subscribe.snapshot, message.snapshot);
      for (const [channel, start] of Object.entries(message.since ?? {})) {
        const entry = writer.beginMessage(FIELDS.Subscribe.since);
        writer.string(MAP_KEY, channel);
        writer.uint(MAP_VALUE, start);
        writer.endMessage(entry);
      }
      break;
    case 'unsubscribe':
      writer.strings(FIELDS.Unsubscribe.channels, message.channels);
      break;
    case 'ping':
      break;
    case 'receipt': {
      const field = FIELDS.Receipt;
      writer.string(field.channel, message.channel);
      writer.string(field.epoch, message.epoch);
      writer.uint(field.offset, message.offset);
      writer.double(field.received, message.received);
      writer.double(field.clockOffset, message.clockOffset);
      writer.double(field.clockError, message.clockError);
      break;
    }
    case 'auth':
      writer.string(FIELDS.Auth.token, message.token);
      break;
  }
  writer.endMessage(body);
  return writer.finish();
}

/** The entries of a map are messages with these two fields. */
const MAP_KEY = 1;
const MAP_VALUE = 2;

/**
 * What a client has sent, in its JSON form and as far as it is known here. Nothing is checked but the
 * types of the fields: the schema of the JSON form has the rest.
 */
export interface ClientFields {
  readonly id: string | undefined;
  /** Undefined when there is no body that is known here. */
  readonly message: { readonly type: ClientMessage['type'] } | undefined;
  /** The first field that is not known here, `subscribe.7` for field 7 of a `subscribe`. */
  readonly unknownField: string | undefined;
}

/** @throws WireError when the bytes are no ClientMessage */
export function readClientFields(bytes: Uint8Array): ClientFields {
  return new ClientFieldsReader().read(new WireReader(bytes));
}

class ClientFieldsReader {
  #unknownField: string | undefined;

  read(reader: WireReader): ClientFields {
    let id: string | undefined;
    let body: { readonly type: ClientMessage['type'] } | undefined;
    while (reader.next()) {
      if (reader.field === BODY.id) id = reader.string();
      else if (reader.field === BODY.subscribe) body = this.#subscribe(reader.message());
      else if (reader.field === BODY.unsubscribe) body = this.#unsubscribe(reader.message());
      else if (reader.field === BODY.ping) body = this.#ping(reader.message());
      else if (reader.field === BODY.auth) body = this.#auth(reader.message());
      else if (reader.field === BODY.receipt) body = this.#receipt(reader.message());
      else this.#skip(reader, '');
    }
    const message = body === undefined || id === undefined ? body : { ...body, id };
    return { id, message, unknownField: this.#unknownField };
  }

  #subscribe(reader: WireReader) {
    const field = FIELDS.Subscribe;
    const channels: string[] = [];
    let snapshot: number | undefined;
    // A map: setting `__proto__` of an object would set more than a member.
    const since = new Map<string, number>();
    while (reader.next()) {
      if (reader.field === field.channels) channels.push(reader.string());
      else if (reader.field === field.snapshot) snapshot = reader.uint();
      else if (reader.field === field.since) this.#since(reader.message(), since);
      else this.#skip(reader, 'subscribe.');
    }
    return {
      type: 'subscribe' as const,
      channels,
      ...(snapshot === undefined ? {} : { snapshot }),
      ...(since.size === 0 ? {} : { since: Object.fromEntries(since) }),
    };
  }

  #since(reader: WireReader, since: Map<string, number>): void {
    let channel = '';
    let start = 0;
    while (reader.next()) {
      if (reader.field === MAP_KEY) channel = reader.string();
      else if (reader.field === MAP_VALUE) start = reader.uint();
      else this.#skip(reader, 'subscribe.since.');
    }
    since.set(channel, start);
  }

  #unsubscribe(reader: WireReader) {
    const channels: string[] = [];
    while (reader.next()) {
      if (reader.field === FIELDS.Unsubscribe.channels) channels.push(reader.string());
      else this.#skip(reader, 'unsubscribe.');
    }
    return { type: 'unsubscribe' as const, channels };
  }

  #ping(reader: WireReader) {
    while (reader.next()) this.#skip(reader, 'ping.');
    return { type: 'ping' as const };
  }

  #receipt(reader: WireReader) {
    const field = FIELDS.Receipt;
    const receipt = {
      type: 'receipt' as const,
      channel: '',
      epoch: '',
      offset: 0,
      received: 0,
      clockOffset: 0,
      clockError: 0,
    };
    while (reader.next()) {
      if (reader.field === field.channel) receipt.channel = reader.string();
      else if (reader.field === field.epoch) receipt.epoch = reader.string();
      else if (reader.field === field.offset) receipt.offset = reader.uint();
      else if (reader.field === field.received) receipt.received = reader.double();
      else if (reader.field === field.clockOffset) receipt.clockOffset = reader.double();
      else if (reader.field === field.clockError) receipt.clockError = reader.double();
      else this.#skip(reader, 'receipt.');
    }
    return receipt;
  }

  #auth(reader: WireReader) {
    let token = '';
    while (reader.next()) {
      if (reader.field === FIELDS.Auth.token) token = reader.string();
      else this.#skip(reader, 'auth.');
    }
    return { type: 'auth' as const, token };
  }

  #skip(reader: WireReader, prefix: string): void {
    this.#unknownField ??= `${prefix}${reader.field}`;
    reader.skip();
  }
}
