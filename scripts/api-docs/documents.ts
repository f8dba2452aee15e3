import { readFileSync } from 'node:fs';
import { asyncApiDocument } from './asyncapi.ts';
import { openApiDocument } from './openapi.ts';
import type { Json } from './schemas.ts';

const { version } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { version: string };

/** The documents of this version, by the name of their file. */
export const DOCUMENTS: Readonly<Record<'openapi' | 'asyncapi', Json>> = {
  openapi: openApiDocument(version),
  asyncapi: asyncApiDocument(version),
};
