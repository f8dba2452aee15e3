import * as prettier from 'prettier';
import type { Json } from './schemas.ts';

/** Where the documents are kept, for readers of the repository. */
export const FOLDER = new URL('../../docs/api/', import.meta.url);

/** What the file of a document holds. */
export function textOf(document: Json): Promise<string> {
  return prettier.format(JSON.stringify(document), { parser: 'json', printWidth: 100 });
}
