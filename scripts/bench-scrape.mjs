// `npm run bench:scrape`: how long a scrape of a gateway with 10,000 connections takes, and what one
// message costs its fan-out whatever the number of connections.
import { register } from 'node:module';

register('./typescript-hooks.mjs', import.meta.url);
await import('../test/bench/scrape.ts');
