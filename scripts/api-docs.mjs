// `npm run docs:api`: writes docs/api/openapi.json and asyncapi.json from the schemas of src/candle.
import { register } from 'node:module';

register('./typescript-hooks.mjs', import.meta.url);
await import('./api-docs/main.ts');
