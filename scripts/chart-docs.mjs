// `npm run docs:chart`: writes the table of values into the chart's README.md, from values.yaml (defaults)
// and values.schema.json (descriptions).
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { format } from 'prettier';
import { parse } from 'yaml';

const CHART = path.join(import.meta.dirname, '..', 'helm', 'candlegate');
const README = path.join(CHART, 'README.md');
const START = '<!-- values: made by `npm run docs:chart` -->';
const END = '<!-- end of values -->';

function typeOf({ type, enum: choices, oneOf }) {
  if (choices !== undefined) return choices.map((choice) => `\`${choice}\``).join(', ');
  const types = oneOf === undefined ? [type].flat() : oneOf.map((one) => one.type);
  return types.join(' or ');
}

/** Rows for every value below a place. */
function rows(place, value, { properties = {} }) {
  return Object.entries(properties).flatMap(([key, schema]) => {
    const name = place === '' ? key : `${place}.${key}`;
    const isDefaulted = value !== undefined && key in value;
    // Those of resources are one value for people.
    const isGroup = schema.properties !== undefined && !name.endsWith('resources');
    if (isGroup) return rows(name, value?.[key], schema);
    const shown = isDefaulted ? `\`${JSON.stringify(value[key])}\`` : '';
    const cells = [`\`${name}\``, typeOf(schema), shown, schema.description];
    return [`| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`];
  });
}

/** @returns {Promise<string>} README.md of the chart with the current table */
export async function chartReadme() {
  const [values, schema, readme] = await Promise.all([
    readFile(path.join(CHART, 'values.yaml'), 'utf8').then(parse),
    readFile(path.join(CHART, 'values.schema.json'), 'utf8').then(JSON.parse),
    readFile(README, 'utf8'),
  ]);
  const start = readme.indexOf(START);
  const end = readme.indexOf(END);
  if (start < 0 || end < start) throw new Error('README.md of the chart lacks the markers');
  const table = ['| value | type | default | what it is |', '| --- | --- | --- | --- |'];
  const text = [...table, ...rows('', values, schema)].join('\n');
  const whole = `${readme.slice(0, start + START.length)}\n\n${text}\n\n${readme.slice(end)}`;
  return format(whole, { parser: 'markdown', printWidth: 100, singleQuote: true });
}

if (process.argv[1] === import.meta.filename) await writeFile(README, await chartReadme());
