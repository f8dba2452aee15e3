export interface Palette {
  readonly text: string;
  readonly grid: string;
  readonly line: string;
  readonly crosshair: string;
  readonly crosshairLabel: string;
  readonly up: string;
  readonly down: string;
  readonly upVolume: string;
  readonly downVolume: string;
  readonly watermark: string;
}

const VARIABLES: Readonly<Record<keyof Palette, string>> = {
  text: '--muted',
  grid: '--chart-grid',
  line: '--border',
  crosshair: '--chart-crosshair',
  crosshairLabel: '--chart-label',
  up: '--chart-up',
  down: '--chart-down',
  upVolume: '--chart-up-volume',
  downVolume: '--chart-down-volume',
  watermark: '--chart-watermark',
};

/**
 * The colours of the style sheet as a canvas needs them. A custom property would be read back as it
 * was written (`light-dark(…)`), so an element is made to wear each colour.
 */
export function readPalette(): Palette {
  const probe = document.createElement('span');
  probe.hidden = true;
  document.body.append(probe);
  const style = getComputedStyle(probe);
  const read = (variable: string): string => {
    probe.style.color = `var(${variable})`;
    return style.color;
  };
  const palette = Object.fromEntries(
    Object.entries(VARIABLES).map(([name, variable]) => [name, read(variable)]),
  ) as unknown as Palette;
  probe.remove();
  return palette;
}
