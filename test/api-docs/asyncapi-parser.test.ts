import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { DOCUMENTS } from '../../scripts/api-docs/documents.ts';
import { provideNodePackages } from '../../scripts/tools.mjs';

/** What of the official parser is called here. */
interface ParserPackage {
  readonly Parser: new () => {
    parse(text: string): Promise<{
      readonly document?: { messages(): { all(): readonly unknown[] } };
      readonly diagnostics: readonly { readonly severity: number; readonly message: string }[];
    }>;
  };
}

const INSTALL_MS = 300_000;
/** Of Spectral: 0 error, 1 warning, 2 information, 3 hint. */
const WARNING = 1;

/** The parser is installed apart: `tools/node/asyncapi`. */
async function parse(document: object) {
  const source = fileURLToPath(new URL('../../tools/node/asyncapi', import.meta.url));
  const folder = await provideNodePackages(source);
  const { Parser } = createRequire(path.join(folder, 'package.json'))(
    '@asyncapi/parser',
  ) as ParserPackage;
  return new Parser().parse(JSON.stringify(document));
}

describe("AsyncAPI's own parser", () => {
  it(
    'finds nothing wrong with the document, and every message in it',
    async () => {
      const { document, diagnostics } = await parse(DOCUMENTS.asyncapi);
      expect(diagnostics.filter(({ severity }) => severity <= WARNING)).toEqual([]);
      expect(document?.messages().all().length).toBeGreaterThan(15);
    },
    INSTALL_MS,
  );

  it(
    'would find a wrong one',
    async () => {
      const spoiled = structuredClone(DOCUMENTS.asyncapi) as {
        operations: Record<string, { action: string }>;
      };
      for (const operation of Object.values(spoiled.operations)) operation.action = 'shout';
      const { diagnostics } = await parse(spoiled);
      expect(diagnostics.filter(({ severity }) => severity <= WARNING)).not.toEqual([]);
    },
    INSTALL_MS,
  );
});
