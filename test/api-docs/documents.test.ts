import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { validate } from '@readme/openapi-parser';
import { describe, expect, it } from 'vitest';
import { DOCUMENTS } from '../../scripts/api-docs/documents.ts';
import { FOLDER, textOf } from '../../scripts/api-docs/files.ts';
import { apiPage } from '../../scripts/api-docs/page/page.ts';
import { PROBLEMS_ELSEWHERE, PROBLEMS_OF } from '../../scripts/api-docs/problems.ts';
import { CLOSE_CODES, ERROR_CODES, PROBLEM_CODES } from '../../src/candle/codes.ts';
import { clientMessageSchema, serverMessageSchema } from '../../src/candle/messages.ts';
import { checkMessage } from '../../src/gateway/codec/client-message.ts';
import { valuesOf } from '../support/schema-arbitrary.ts';
import { judgesOf, type Judge } from './validators.ts';

const { openapi, asyncapi } = DOCUMENTS;
const protocol = judgesOf(asyncapi, false);

interface Message {
  readonly payload: { readonly $ref: string };
  readonly examples: readonly { readonly payload: unknown }[];
}
const { messages } = asyncapi['components'] as { readonly messages: Record<string, Message> };

function judgeOf(type: string): Judge {
  return protocol(`/components/messages/${type}/payload`);
}

describe('the API documents', () => {
  for (const [name, document] of Object.entries(DOCUMENTS)) {
    it(`docs/api/${name}.json is what the schemas say (npm run docs:api)`, async () => {
      const file = readFileSync(new URL(`${name}.json`, FOLDER), 'utf8');
      expect(file).toBe(await textOf(document));
    });
  }

  it('OpenAPI is valid by a parser of its own', async () => {
    const result = await validate(structuredClone(openapi) as never);
    expect(result).toMatchObject({ valid: true, warnings: [] });
  });

  it('name every problem code, error code and close code', () => {
    const listed = [...Object.values(PROBLEMS_OF).flat(), ...PROBLEMS_ELSEWHERE];
    expect(new Set(listed)).toEqual(new Set(Object.keys(PROBLEM_CODES)));
    const text = JSON.stringify(asyncapi);
    for (const code of Object.keys(ERROR_CODES)) expect(text).toContain(`- \`${code}\`: `);
    for (const [name, code] of Object.entries(CLOSE_CODES)) {
      expect(text).toContain(`- ${code} \`${name}\`: `);
    }
  });

  it('describe every message, each with an example that is one', () => {
    const types = [...clientMessageSchema.options, ...serverMessageSchema.options].flatMap(
      ({ shape }) => [...shape.type.values],
    );
    expect(Object.keys(messages).toSorted()).toEqual(types.toSorted());
    const exact = judgesOf(asyncapi, true);
    for (const [type, { examples }] of Object.entries(messages)) {
      expect(examples).not.toEqual([]);
      for (const { payload } of examples) {
        expect(exact(`/components/messages/${type}/payload`)(payload)).toBeNull();
      }
    }
  });
});

/** Ways to spoil a message. */
const spoilings = fc.record({
  member: fc.constantFrom('type', 'id', 'channels', 'snapshot', 'since', 'token', 'offset', 'more'),
  value: fc.oneof(
    fc.constant(undefined),
    fc.constantFrom(null, true, -1, 0, 1.5, 1001, 2 ** 53, '', 'x'.repeat(65), [], {}, [1]),
    fc.constantFrom(['candles:BTCUSDT:1'], ['x'.repeat(81)], { a: 1 }, { a: -1 }),
  ),
});

describe('messages of clients', () => {
  it('are taken by the gateway exactly when the document takes them', () => {
    const verdicts = { taken: 0, refused: 0 };
    fc.assert(
      fc.property(
        valuesOf(clientMessageSchema),
        fc.option(spoilings, { nil: undefined }),
        (message, spoiling) => {
          const sent = spoiling && { ...message, [spoiling.member]: spoiling.value };
          const onTheWire = JSON.parse(JSON.stringify(sent ?? message)) as Record<string, unknown>;
          const type = onTheWire['type'];
          const known = typeof type === 'string' && Object.hasOwn(messages, type);
          const isDescribed = known && judgeOf(type)(onTheWire) === null;
          const decoded = checkMessage(type, onTheWire, undefined);
          expect(decoded.ok, JSON.stringify(onTheWire)).toBe(isDescribed);
          verdicts[decoded.ok ? 'taken' : 'refused'] += 1;
        },
      ),
      { numRuns: 300 },
    );
    // A test that only ever sees one side says nothing.
    expect(Math.min(verdicts.taken, verdicts.refused)).toBeGreaterThan(50);
  });
});

describe('messages of the gateway', () => {
  it('are described as far as the schemas let them through', () => {
    fc.assert(
      fc.property(valuesOf(serverMessageSchema), (message) => {
        expect(judgeOf(message.type)(message)).toBeNull();
      }),
      { numRuns: 300 },
    );
  });
});

describe('the page of the documents', () => {
  const html = apiPage(openapi, asyncapi);

  it('has every operation, schema and message, and no link into nothing', () => {
    const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, target] of html.matchAll(/href="#([^"]+)"/g)) expect(ids).toContain(target);
    const operations = [...JSON.stringify(openapi).matchAll(/"operationId":"(\w+)"/g)];
    expect(operations.length).toBeGreaterThan(8);
    for (const [, id] of operations) expect(ids).toContain(id);
    for (const type of Object.keys(messages)) expect(ids).toContain(`message-${type}`);
  });

  it('needs no script and asks nobody else', () => {
    expect(html).not.toMatch(/<script|style=|\son\w+=|https?:\/\//);
  });
});
