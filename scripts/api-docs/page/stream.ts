import type { Json } from '../schemas.ts';
import { code, example, inline, prose, table } from './html.ts';
import { members, typeOf, type Schema } from './schema.ts';
import type { Section } from './section.ts';

interface Channel {
  readonly address: string;
  readonly title: string;
  readonly description: string;
  readonly bindings: { readonly ws: { readonly query?: Schema; readonly headers: Schema } };
  readonly 'x-close-codes': readonly {
    readonly code: number;
    readonly name: string;
    readonly description: string;
  }[];
}
interface Message {
  readonly name: string;
  readonly title: string;
  readonly summary: string;
  readonly payload: { readonly $ref: string };
  readonly examples: readonly { readonly payload: unknown }[];
}
interface Components {
  readonly schemas: Readonly<Record<string, Schema>>;
  readonly messages: Readonly<Record<string, Message>>;
}

/** What the AsyncAPI document says, for people. */
export function streamSections(document: Json): Section[] {
  const { schemas, messages } = document['components'] as Components;
  const channels = Object.entries(document['channels'] as Readonly<Record<string, Channel>>);
  const info = document['info'] as { readonly description: string };
  const used = new Set(Object.values(messages).map(({ payload }) => nameOf(payload.$ref)));
  return [
    { id: 'websocket', title: 'WebSocket', level: 2, html: prose(info.description) },
    ...channels.map(([name, channel]) => channelSection(name, channel)),
    { id: 'closes', title: 'Close codes', level: 3, html: closes(channels[0]?.[1]) },
    ...Object.values(messages).map((message) => ({
      id: `message-${message.name}`,
      title: message.title,
      level: 3 as const,
      html: [
        prose(message.summary),
        members(schemas[nameOf(message.payload.$ref)] ?? {}, 'stream'),
        ...message.examples.map(({ payload }) => example(payload)),
      ].join(''),
    })),
    ...Object.entries(schemas)
      .filter(([name]) => !used.has(name))
      .map(([name, schema]) => ({
        id: `stream-${name}`,
        title: name,
        level: 4 as const,
        html: members(schema, 'stream'),
      })),
  ];
}

function channelSection(name: string, channel: Channel): Section {
  const { query, headers } = channel.bindings.ws;
  const rows = [query, headers].flatMap((schema) =>
    Object.entries(schema?.properties ?? {}).map(([member, each]) => [
      `${code(member)} <span class="optional">optional</span>`,
      typeOf(each, 'stream'),
      inline(each.description ?? ''),
    ]),
  );
  return {
    id: `endpoint-${name}`,
    title: channel.title,
    level: 3,
    html: [
      `<p class="address"><span class="method">WS</span> ${code(channel.address)}</p>`,
      // The close codes have a section of their own.
      prose(channel.description.split('\n\nCloses:')[0]),
      table(['Query or header', 'Type', 'Meaning'], rows),
    ].join(''),
  };
}

function closes(channel: Channel | undefined): string {
  return table(
    ['Code', 'Name', 'What to do'],
    (channel?.['x-close-codes'] ?? []).map((each) => [
      String(each.code),
      code(each.name),
      inline(each.description),
    ]),
  );
}

function nameOf(reference: string): string {
  return reference.split('/').at(-1) ?? '';
}
