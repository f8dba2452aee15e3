// Writes every dashboard to helm/candlegate/dashboards; see scripts/dashboards.mjs.
import { mkdirSync, writeFileSync } from 'node:fs';
import { DASHBOARDS } from './all.ts';
import { FOLDER, textOf } from './files.ts';

mkdirSync(FOLDER, { recursive: true });
for (const [name, dashboard] of Object.entries(DASHBOARDS)) {
  writeFileSync(new URL(`${name}.json`, FOLDER), await textOf(dashboard));
}
