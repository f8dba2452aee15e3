import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as prettier from 'prettier';
import { withTables } from './document.ts';
import { figuresOf, readResults } from './figures.ts';
import { planFor } from './plan.ts';

const DOCUMENT = fileURLToPath(new URL('../../docs/capacity.md', import.meta.url));

const { values } = parseArgs({
  options: {
    clients: { type: 'string' },
    channels: { type: 'string', default: '9' },
    subscriptions: { type: 'string', default: '3' },
    updates: { type: 'string', default: '1' },
    encoding: { type: 'string', default: 'json' },
  },
});
const figures = figuresOf(readResults());
if (values.clients === undefined) {
  const options = await prettier.resolveConfig(DOCUMENT);
  const text = withTables(readFileSync(DOCUMENT, 'utf8'), figures);
  writeFileSync(DOCUMENT, await prettier.format(text, { ...options, filepath: DOCUMENT }));
} else {
  const demand = {
    clients: Number(values.clients),
    channels: Number(values.channels),
    subscriptions: Number(values.subscriptions),
    updatesPerSecond: Number(values.updates),
  };
  const { encoding } = values;
  const isSound = Object.values(demand).every((value) => Number.isFinite(value) && value > 0);
  if (!isSound || (encoding !== 'json' && encoding !== 'protobuf')) {
    console.error(
      '--clients, --channels, --subscriptions and --updates take numbers above 0, --encoding json or protobuf',
    );
    process.exit(2);
  }
  console.log(JSON.stringify(planFor({ ...demand, encoding }, figures), null, 2));
}
