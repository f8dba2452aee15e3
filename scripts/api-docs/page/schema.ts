import { code, inline, table } from './html.ts';

/** What of JSON Schema our documents use. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly default?: unknown;
}

/** The members of an object, as a table. @param anchor begins the ids of the schemas of this document */
export function members(schema: Schema, anchor: string): string {
  const required = new Set(schema.required ?? []);
  return table(['Member', 'Type', 'Meaning'], rows(schema, required, '', anchor));
}

function rows(
  schema: Schema,
  required: ReadonlySet<string>,
  prefix: string,
  anchor: string,
): string[][] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, member]) => {
    const path = `${prefix}${name}`;
    const optional = required.has(name) ? '' : ' <span class="optional">optional</span>';
    const own = [code(path) + optional, typeOf(member, anchor), meaningOf(member)];
    const inner = member.properties === undefined ? member.items : member;
    if (inner?.properties === undefined) return [own];
    const innerPrefix = inner === member ? `${path}.` : `${path}[].`;
    return [own, ...rows(inner, new Set(inner.required ?? []), innerPrefix, anchor)];
  });
}

function meaningOf(schema: Schema): string {
  const { description } = schema;
  if (description === undefined) return '';
  if (!description.startsWith('- ')) return inline(description);
  return `<ul>${description
    .split(/^- /m)
    .filter((item) => item !== '')
    .map((item) => `<li>${inline(item)}</li>`)
    .join('')}</ul>`;
}

/** A schema in a few words. */
export function typeOf(schema: Schema, anchor: string): string {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.split('/').at(-1) ?? '';
    return `<a href="#${anchor}-${name}">${name}</a>`;
  }
  const { allOf } = schema;
  if (allOf?.length === 1 && allOf[0] !== undefined) return typeOf(allOf[0], anchor);
  if (schema.anyOf !== undefined) {
    return schema.anyOf.map((each) => typeOf(each, anchor)).join(' or ');
  }
  if (schema.const !== undefined) return code(JSON.stringify(schema.const));
  if (schema.enum !== undefined) {
    const shown = schema.enum.length > 14 ? [] : schema.enum;
    return shown.length === 0 ? 'string' : shown.map((each) => code(String(each))).join(' ');
  }
  if (schema.items !== undefined) return `list of ${typeOf(schema.items, anchor)}${sizes(schema)}`;
  if (typeof schema.additionalProperties === 'object') {
    return `object of ${typeOf(schema.additionalProperties, anchor)}`;
  }
  const type = typeof schema.type === 'string' ? schema.type : (schema.type ?? []).join(' or ');
  return `${type}${sizes(schema)}`;
}

function sizes(schema: Schema): string {
  const low = schema.minimum ?? schema.minItems ?? schema.minLength;
  const high = schema.maximum ?? schema.maxItems ?? schema.maxLength;
  // Zod says of every integer that it is a safe one.
  const isBounded = high !== undefined && high < Number.MAX_SAFE_INTEGER;
  const isText = schema.type === 'string' ? ' characters' : '';
  if (low !== undefined && low > Number.MIN_SAFE_INTEGER) {
    return isBounded ? `, ${low} to ${high}${isText}` : `, from ${low}${isText}`;
  }
  return isBounded ? `, up to ${high}${isText}` : '';
}
