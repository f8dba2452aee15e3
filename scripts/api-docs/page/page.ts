import type { Json } from '../schemas.ts';
import { escape } from './html.ts';
import { restSections } from './rest.ts';
import type { Section } from './section.ts';
import { streamSections } from './stream.ts';

/**
 * The documents as one page without scripts, which asks only for its style sheet beside it. Addresses
 * are relative: a proxy may serve the gateway under a path of its own.
 */
export function apiPage(openapi: Json, asyncapi: Json): string {
  const sections = [...restSections(openapi), ...streamSections(asyncapi)];
  const { version } = openapi['info'] as { readonly version: string };
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<title>candlegate API</title>
<meta name="color-scheme" content="dark light" />
<link rel="icon" href="../../icon.svg" type="image/svg+xml" />
<link rel="stylesheet" href="api.css" />
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header>
<h1>candlegate API <small>${escape(version)}</small></h1>
<p><a href="../../api/v1/openapi.json">openapi.json</a> · <a href="../../api/v1/asyncapi.json">asyncapi.json</a> · <a href="../../">the page with the chart</a></p>
</header>
<nav aria-label="Contents"><ul>${sections.map(entry).join('')}</ul></nav>
<main id="content" tabindex="-1">${sections.map(render).join('\n')}</main>
</body>
</html>
`;
}

function entry({ id, title, level }: Section): string {
  if (level === 4) return '';
  return `<li class="level-${level}"><a href="#${id}">${escape(title)}</a></li>`;
}

function render({ id, title, level, html }: Section): string {
  // Schemas come right below a heading of level 2 or 3.
  const rank = Math.min(level, 3);
  return `<section id="${id}" class="level-${level}"><h${rank}>${escape(title)}</h${rank}>${html}</section>`;
}
