import fc from 'fast-check';
import type { z } from 'zod';

/** Numbers of every size that a schema for safe integers lets through, and those that are usual. */
const integers = fc.oneof(
  fc.nat(1_000_000),
  fc.integer({ min: 1_500_000_000_000, max: 1_900_000_000_000 }),
  fc.maxSafeNat(),
);
const numbers = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer({ min: 0, max: 1_900_000_000_000_000 }).map((us) => us / 1000),
  integers,
);

interface Check {
  readonly _zod: { readonly def: Record<string, unknown> & { readonly check: string } };
}
type Schema = z.core.$ZodTypes;

/**
 * Values that a schema lets through, made from the schema itself: what is added to it turns up here by
 * itself. Whatever a check asks for is left to the schema, which has the last word. They have been
 * through JSON, which knows no minus zero.
 *
 * @throws Error for a kind of schema that is not known here
 */
export function valuesOf<Value>(schema: z.ZodType<Value>): fc.Arbitrary<Value> {
  const made = make(schema as unknown as Schema);
  return made
    .filter((value) => schema.safeParse(value).success)
    .map((value) => JSON.parse(JSON.stringify(value)) as Value);
}

function make(schema: Schema): fc.Arbitrary<unknown> {
  const { def } = schema._zod;
  const checks = ((def as unknown as { checks?: Check[] }).checks ?? []).map(
    ({ _zod }) => _zod.def,
  );
  const bound = (check: string, member: string): number | undefined =>
    checks.find((each) => each.check === check)?.[member] as number | undefined;
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- the others throw
  switch (def.type) {
    case 'object':
      return record(def.shape as Record<string, Schema>);
    case 'union':
      return fc.oneof(...(def.options as Schema[]).map(make));
    case 'array':
      return fc.array(make(def.element as Schema), {
        minLength: bound('min_length', 'minimum') ?? 0,
        maxLength: 5,
      });
    case 'record':
      return fc.dictionary(
        make(def.keyType as Schema) as fc.Arbitrary<string>,
        make(def.valueType as Schema),
        {
          maxKeys: 3,
        },
      );
    case 'nullable':
      return fc.option(make(def.innerType as Schema), { nil: null });
    case 'literal':
      return fc.constantFrom(...def.values);
    case 'enum':
      return fc.constantFrom(...Object.values(def.entries));
    case 'boolean':
      return fc.boolean();
    case 'number': {
      const isWhole = checks.some((each) => each.check === 'number_format');
      const max = bound('less_than', 'value');
      if (isWhole && max !== undefined) return fc.nat(max);
      return isWhole ? integers : numbers;
    }
    case 'string': {
      const pattern = checks.find((each) => each.check === 'string_format')?.['pattern'];
      if (pattern instanceof RegExp) return fc.stringMatching(pattern);
      return fc.string({ unit: 'binary', maxLength: bound('max_length', 'maximum') ?? 40 });
    }
    case 'template_literal':
      return fc.tuple(...def.parts.map(partOf)).map((parts) => parts.join(''));
    default:
      throw new Error(`no values for a schema of type ${def.type}`);
  }
}

function partOf(part: unknown): fc.Arbitrary<string> {
  if (typeof part === 'string') return fc.constant(part);
  return make(part as Schema).map(String);
}

function record(shape: Record<string, Schema>): fc.Arbitrary<unknown> {
  const isOptional = (schema: Schema): boolean => schema._zod.def.type === 'optional';
  const members = Object.entries(shape).map(([name, schema]) => [
    name,
    make(
      isOptional(schema) ? (schema._zod.def as unknown as { innerType: Schema }).innerType : schema,
    ),
  ]);
  const required = Object.keys(shape).filter((name) => {
    const schema = shape[name];
    return schema !== undefined && !isOptional(schema);
  });
  return fc.record(Object.fromEntries(members) as Record<string, fc.Arbitrary<unknown>>, {
    requiredKeys: required,
    noNullPrototype: true,
  });
}
