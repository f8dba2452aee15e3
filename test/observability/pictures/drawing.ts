import type { Series } from '../../support/prometheus.ts';
import type { Panel } from '../shipped.ts';

/** One panel with what its queries returned. */
export interface DrawnPanel {
  readonly title: string;
  readonly description: string;
  readonly type: string;
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
  readonly unit: string;
  readonly stacked: boolean;
  readonly logarithmic: boolean;
  readonly decimals: number | null;
  readonly max: number | null;
  readonly steps: readonly { readonly color: string; readonly value: number | null }[];
  readonly series: readonly { readonly name: string; readonly points: Series['points'] }[];
}

export function drawnPanel(
  panel: Panel,
  answers: readonly { readonly legend: string; readonly series: readonly Series[] }[],
): DrawnPanel {
  const { title, description = '', type, gridPos, fieldConfig } = panel;
  const defaults = fieldConfig?.defaults;
  return {
    title,
    description,
    type,
    ...gridPos,
    unit: defaults?.unit ?? 'short',
    stacked: defaults?.custom?.stacking?.mode === 'normal',
    logarithmic: defaults?.custom?.scaleDistribution?.type === 'log',
    decimals: defaults?.decimals ?? null,
    max: defaults?.max ?? null,
    steps: defaults?.thresholds.steps ?? [],
    series: answers.flatMap(({ legend, series }) =>
      series.map(({ labels, points }) => ({ name: named(legend, labels) || 'all', points })),
    ),
  };
}

/** Fills in a legend's template as Grafana does. */
function named(legend: string, labels: Series['labels']): string {
  return legend.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => labels[name] ?? '').trim();
}
