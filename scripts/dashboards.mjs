// `npm run docs:dashboards`: writes Grafana's dashboards from scripts/dashboards.
import { register } from 'node:module';

register('./typescript-hooks.mjs', import.meta.url);
await import('./dashboards/main.ts');
