import type { ServerMessage } from '../candle/messages.ts';
import { readCandleMessage, writeCandleMessage } from './candle-message.ts';
import { AliasBook, KnownAliases } from './channel-aliases.ts';
import {
  readAuthenticated,
  readError,
  readGoingAway,
  readHeartbeat,
  readPong,
  readSubscribed,
  readTokenExpiring,
  readUnsubscribed,
  readWelcome,
  writeAuthenticated,
  writeError,
  writeGoingAway,
  writeHeartbeat,
  writePong,
  writeSubscribed,
  writeTokenExpiring,
  writeUnsubscribed,
  writeWelcome,
} from './control-messages.ts';
import { FIELDS } from './fields.ts';
import { readSnapshot, writeSnapshot } from './snapshot.ts';
import { WireReader } from './wire-reader.ts';
import { WireWriter } from './wire-writer.ts';

const BODY = FIELDS.ServerMessage;

/** Writes the messages of one gateway. What it has numbered once keeps its number. */
export class ServerMessageWriter {
  readonly #writer = new WireWriter();
  readonly #aliases = new AliasBook();

  /**
   * One ServerMessage of the schema.
   *
   * @param introduces of a candle: whether some receiver may not know what its alias stands for
   */
  write(message: ServerMessage, introduces: boolean): Uint8Array {
    const writer = this.#writer;
    const body = writer.beginMessage(BODY[bodyOf(message.type)]);
    this.#writeBody(message, introduces);
    writer.endMessage(body);
    return writer.finish();
  }

  #writeBody(message: ServerMessage, introduces: boolean): void {
    const writer = this.#writer;
    const aliases = this.#aliases;
    switch (message.type) {
      case 'candle':
        writeCandleMessage(writer, message, aliases, introduces);
        return;
      case 'snapshot':
        writeSnapshot(writer, message, aliases);
        return;
      case 'heartbeat':
        writeHeartbeat(writer, message, aliases);
        return;
      case 'welcome':
        writeWelcome(writer, message);
        return;
      case 'subscribed':
        writeSubscribed(writer, message, aliases);
        return;
      case 'unsubscribed':
        writeUnsubscribed(writer, message);
        return;
      case 'pong':
        writePong(writer, message);
        return;
      case 'authenticated':
        writeAuthenticated(writer, message);
        return;
      case 'error':
        writeError(writer, message);
        return;
      case 'going_away':
        writeGoingAway(writer, message);
        return;
      case 'token_expiring':
        writeTokenExpiring(writer, message);
        return;
    }
  }
}

/** The bodies are named as the types are, in the spelling of fields. */
function bodyOf(type: ServerMessage['type']): keyof typeof BODY {
  if (type === 'going_away') return 'goingAway';
  return type === 'token_expiring' ? 'tokenExpiring' : type;
}

/** Reads the messages of one connection, in their order. */
export class ServerMessageReader {
  readonly #aliases = new KnownAliases();

  /**
   * The message in its JSON form; undefined for a type that is not known here, which is to be ignored.
   *
   * @throws WireError when the bytes are no ServerMessage, or a candle has an alias that no message of
   *   this connection has explained
   */
  read(bytes: Uint8Array): ServerMessage | undefined {
    const reader = new WireReader(bytes);
    let message: ServerMessage | undefined;
    while (reader.next()) {
      const read = this.#readBody(reader);
      if (read !== undefined) message = read;
    }
    return message;
  }

  #readBody(reader: WireReader): ServerMessage | undefined {
    const aliases = this.#aliases;
    switch (reader.field) {
      case BODY.candle:
        return readCandleMessage(reader.message(), aliases);
      case BODY.snapshot:
        return readSnapshot(reader.message(), aliases);
      case BODY.heartbeat:
        return readHeartbeat(reader.message(), aliases);
      case BODY.welcome:
        return readWelcome(reader.message());
      case BODY.subscribed:
        return readSubscribed(reader.message(), aliases);
      case BODY.unsubscribed:
        return readUnsubscribed(reader.message());
      case BODY.pong:
        return readPong(reader.message());
      case BODY.authenticated:
        return readAuthenticated(reader.message());
      case BODY.error:
        return readError(reader.message());
      case BODY.goingAway:
        return readGoingAway(reader.message());
      case BODY.tokenExpiring:
        return readTokenExpiring(reader.message());
      default:
        reader.skip();
        return undefined;
    }
  }
}
