// `npm run docs:dashboard-pictures`: draws the content of every dashboard from a run of three minutes,
// to docs/images.
import { register } from 'node:module';

register('./typescript-hooks.mjs', import.meta.url);
await import('../test/observability/pictures/main.ts');
