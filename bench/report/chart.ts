import type { Figure } from '../lib/scenario.ts';

const WIDTH = 860;
const PLOT_HEIGHT = 220;
const MARGIN = { top: 64, right: 20, bottom: 64, left: 56 };
const HEIGHT = MARGIN.top + PLOT_HEIGHT + MARGIN.bottom;
/** Told apart by people who do not see all colours (Okabe and Ito). */
const COLOURS = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#56b4e9'];
const TICKS = 4;

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** A round number not below `value`, so that the axis has readable ticks. */
function ceiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((each) => each * power >= value) ?? 10;
  return step * power;
}

function readable(value: number): string {
  if (value >= 1_000_000) return `${Number((value / 1_000_000).toPrecision(3))} M`;
  if (value >= 10_000) return `${Number((value / 1_000).toPrecision(3))} k`;
  return String(Number(value.toPrecision(3)));
}

/**
 * Bars of the medians with lines between the quartiles, as SVG.
 *
 * @param figures all of one quantity; those of one `at` stand together
 */
export function barChart(title: string, figures: readonly Figure[]): string {
  const subjects = [...new Set(figures.map(({ subject }) => subject))];
  const cases = [...new Set(figures.map(({ at }) => at))];
  const top = ceiling(Math.max(...figures.map(({ spread }) => spread.high)));
  const plotWidth = WIDTH - MARGIN.left - MARGIN.right;
  const y = (value: number) => MARGIN.top + PLOT_HEIGHT * (1 - value / top);
  const groupWidth = plotWidth / cases.length;
  const barWidth = Math.min(64, (groupWidth * 0.8) / subjects.length);
  const parts: string[] = [];
  const text = (x: number, at: number, content: string, more = '') =>
    parts.push(`<text x="${x.toFixed(1)}" y="${at.toFixed(1)}" ${more}>${escaped(content)}</text>`);

  text(MARGIN.left, 22, title, 'font-size="15" font-weight="600"');
  subjects.forEach((subject, index) => {
    const x = MARGIN.left + index * 190;
    parts.push(`<rect x="${x}" y="34" width="12" height="12" fill="${colourOf(index)}"/>`);
    text(x + 18, 44.5, subject);
  });
  for (let tick = 0; tick <= TICKS; tick += 1) {
    const value = (top * tick) / TICKS;
    const at = y(value).toFixed(1);
    parts.push(
      `<line x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${at}" y2="${at}" stroke="#d0d7de"/>`,
    );
    text(MARGIN.left - 8, y(value) + 4, readable(value), 'text-anchor="end"');
  }
  cases.forEach((label, place) => {
    const middle = MARGIN.left + groupWidth * (place + 0.5);
    text(middle, MARGIN.top + PLOT_HEIGHT + 38, label, 'text-anchor="middle"');
    const own = figures.filter(({ at }) => at === label);
    own.forEach(({ subject, spread }, index) => {
      const x = middle + (index - own.length / 2) * barWidth;
      const centre = x + barWidth / 2;
      const colour = colourOf(subjects.indexOf(subject));
      const height = y(0) - y(spread.median);
      parts.push(
        `<rect x="${(x + 2).toFixed(1)}" y="${y(spread.median).toFixed(1)}" ` +
          `width="${(barWidth - 4).toFixed(1)}" height="${height.toFixed(1)}" fill="${colour}"/>`,
        `<line x1="${centre.toFixed(1)}" x2="${centre.toFixed(1)}" y1="${y(spread.low).toFixed(1)}" ` +
          `y2="${y(spread.high).toFixed(1)}" stroke="#1f2328" stroke-width="1.5"/>`,
      );
      text(centre, MARGIN.top + PLOT_HEIGHT + 16, readable(spread.median), 'text-anchor="middle"');
    });
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" ` +
    `font-family="system-ui, sans-serif" font-size="12" fill="#1f2328" role="img" ` +
    `aria-label="${escaped(title).replaceAll('"', '&quot;')}">\n` +
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>\n${parts.join('\n')}\n</svg>\n`
  );
}

function colourOf(index: number): string {
  return COLOURS[index % COLOURS.length] ?? '#000000';
}
