// Puts the API documents and their page where the gateway serves its page from:
// dist/page/api/v1/openapi.json and asyncapi.json, dist/page/docs/api/index.html and api.css.
//
//   node scripts/build-api-docs.mjs
import { register } from 'node:module';

register('./typescript-hooks.mjs', import.meta.url);
const { writeServedFiles } = await import('./api-docs/served.ts');
await writeServedFiles(new URL('../dist/page/', import.meta.url));
