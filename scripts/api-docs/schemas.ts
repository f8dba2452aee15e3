import { z } from 'zod';

/** A JSON value with members; the documents are made of these. */
export type Json = Record<string, unknown>;

/** Where both kinds of documents keep schemas that have a name. */
const PLACE = '#/components/schemas/';

export function refTo(name: string): Json {
  return { $ref: `${PLACE}${name}` };
}

/**
 * JSON Schemas of zod schemas, by name, which refer to each other by name. They are made for what is
 * read: strict objects are closed, others may have more members.
 *
 * @param target `draft-2020-12` for OpenAPI 3.1; `draft-07` for AsyncAPI 3, whose own schemas are a
 *   superset of it
 */
export function namedSchemas(
  schemas: Readonly<Record<string, z.ZodType>>,
  target: 'draft-2020-12' | 'draft-07',
): Record<string, Json> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(schemas)) registry.add(schema, { id });
  const made = z.toJSONSchema(registry, { target, io: 'input', uri: (id) => PLACE + id });
  return Object.fromEntries(
    Object.entries(made.schemas).map(([name, schema]) => [name, bare(schema)]),
  );
}

/** A JSON Schema by itself. */
export function inlineSchema(schema: z.ZodType, target: 'draft-2020-12' | 'draft-07'): Json {
  return bare(z.toJSONSchema(schema, { target, io: 'input' }));
}

/** Names are given by place, and the dialect by the document. */
function bare(schema: object): Json {
  return Object.fromEntries(
    Object.entries(schema).filter(([member]) => member !== '$id' && member !== '$schema'),
  );
}
