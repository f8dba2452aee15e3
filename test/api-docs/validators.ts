import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Json } from '../../scripts/api-docs/schemas.ts';

/** What is wrong with a value by a schema of a document; null when nothing is. */
export type Judge = (value: unknown) => string | null;

interface AnyAjv {
  addSchema(schema: object, key: string): unknown;
  compile(schema: object): { (value: unknown): boolean; errors?: unknown };
}

/**
 * Compiles schemas of a document by their place in it (a JSON pointer without `#`).
 *
 * @param exact whether members that no schema names are wrong, though clients ignore them
 */
export function judgesOf(document: Json, exact: boolean): (pointer: string) => Judge {
  const options = { strict: false, allErrors: true };
  const ajv: AnyAjv = 'openapi' in document ? new Ajv2020(options) : new Ajv(options);
  ajv.addSchema(exact ? closed(document) : document, 'document');
  const made = new Map<string, Judge>();
  return (pointer) => {
    let judge = made.get(pointer);
    if (judge === undefined) {
      const validate = ajv.compile({ $ref: `document#${pointer}` });
      judge = (value) => (validate(value) ? null : JSON.stringify(validate.errors));
      made.set(pointer, judge);
    }
    return judge;
  };
}

/** `a/b` as one step of a JSON pointer. */
export function step(text: string): string {
  return encodeURIComponent(text.replaceAll('~', '~0').replaceAll('/', '~1'));
}

/** The same document; its named schemas take no members but their own. */
function closed(document: Json): Json {
  const components = document['components'] as { readonly schemas: Json };
  return { ...document, components: { ...components, schemas: close(components.schemas) } };
}

function close(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(close);
  if (typeof value !== 'object' || value === null) return value;
  const inner = Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, close(member)]),
  );
  const isObject = inner['type'] === 'object' && typeof inner['properties'] === 'object';
  return isObject && inner['additionalProperties'] === undefined
    ? { ...inner, additionalProperties: false }
    : inner;
}
