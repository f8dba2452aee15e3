import type { Json } from '../schemas.ts';
import { code, escape, example, inline, prose, table } from './html.ts';
import { members, typeOf, type Schema } from './schema.ts';
import type { Section } from './section.ts';

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: Schema;
}
interface Response {
  readonly description: string;
  readonly content?: Readonly<
    Record<string, { readonly schema: Schema; readonly example?: unknown }>
  >;
}
interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly security: readonly Readonly<Record<string, unknown>>[];
  readonly parameters?: readonly Parameter[];
  readonly responses: Readonly<Record<string, Response>>;
}
interface PathItem {
  readonly get?: Operation;
  readonly post?: Operation;
  readonly parameters?: readonly Parameter[];
}
interface Components {
  readonly schemas: Readonly<Record<string, Schema>>;
  readonly securitySchemes: Readonly<
    Record<
      string,
      {
        readonly type: string;
        readonly in?: string;
        readonly name?: string;
        readonly description: string;
      }
    >
  >;
}

/** What the OpenAPI document says, for people. */
export function restSections(document: Json): Section[] {
  const paths = document['paths'] as Readonly<Record<string, PathItem>>;
  const components = document['components'] as Components;
  const info = document['info'] as { readonly description: string };
  return [
    { id: 'rest', title: 'REST', level: 2, html: prose(info.description) },
    { id: 'credentials', title: 'Credentials', level: 3, html: credentials(components) },
    ...Object.entries(paths).flatMap(([path, item]) =>
      (['get', 'post'] as const).flatMap((method) => {
        const operation = item[method];
        return operation === undefined ? [] : [operationSection(method, path, item, operation)];
      }),
    ),
    ...Object.entries(components.schemas).map(([name, schema]) => ({
      id: `rest-${name}`,
      title: name,
      level: 4 as const,
      html: prose(schema.description) + members(schema, 'rest'),
    })),
  ];
}

function credentials({ securitySchemes }: Components): string {
  return table(
    ['Name', 'Where', 'What it is'],
    Object.entries(securitySchemes).map(([name, scheme]) => [
      code(name),
      scheme.type === 'http'
        ? code('Authorization: Bearer …')
        : `${scheme.in ?? ''} ${code(scheme.name ?? '')}`,
      inline(scheme.description),
    ]),
  );
}

function operationSection(
  method: string,
  path: string,
  item: PathItem,
  operation: Operation,
): Section {
  const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])];
  const names = operation.security.flatMap((each) => Object.keys(each));
  const access =
    names.length === 0
      ? 'No credential is needed.'
      : `Credential: one of ${names.map(code).join(' ')}.`;
  const shown = Object.values(operation.responses).flatMap(
    ({ content }) => content?.['application/json'] ?? [],
  );
  return {
    id: operation.operationId,
    title: operation.summary,
    level: 3,
    html: [
      `<p class="address"><span class="method">${method.toUpperCase()}</span> ${code(path)}</p>`,
      prose(operation.description),
      `<p>${access}</p>`,
      table(
        ['Parameter', 'Type', 'Meaning'],
        parameters.map((each) => [
          code(each.name) +
            (each.required === true ? '' : ' <span class="optional">optional</span>'),
          `${typeOf(each.schema, 'rest')}${each.schema.default === undefined ? '' : `, default ${escape(JSON.stringify(each.schema.default))}`}`,
          inline(each.description ?? ''),
        ]),
      ),
      table(
        ['Status', 'Body', 'Meaning'],
        Object.entries(operation.responses).map(([status, response]) => [
          status,
          bodyOf(response),
          response.description.split('\n').map(inline).join('<br />'),
        ]),
      ),
      ...shown.flatMap((each) => (each.example === undefined ? [] : [example(each.example)])),
    ].join(''),
  };
}

function bodyOf({ content }: Response): string {
  const schemas = Object.values(content ?? {}).map(({ schema }) => schema.allOf?.[0] ?? schema);
  return schemas.map((schema) => typeOf(schema, 'rest')).join('');
}
