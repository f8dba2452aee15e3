// `npm run docs:performance`: the tables and charts of docs/performance.md from bench/results/*.json.
import { register } from 'node:module';

register('./typescript-hooks.mjs', import.meta.url);
await import('../bench/report/main.ts');
