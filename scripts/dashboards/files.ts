import * as prettier from 'prettier';
import type { ClassicDashboard } from './frame.ts';

/** Where the dashboards are kept, for the chart and for import by hand. */
export const FOLDER = new URL('../../helm/candlegate/dashboards/', import.meta.url);

/** What the file of a dashboard holds. */
export async function textOf(dashboard: ClassicDashboard): Promise<string> {
  const numbered = { ...dashboard, panels: dashboard.panels?.map(numberedPanel) };
  return prettier.format(JSON.stringify(numbered), { parser: 'json', printWidth: 100 });
}

/** Grafana gives panels without a number new ones at every load, which breaks links to them. */
function numberedPanel<Panel extends object>(panel: Panel, index: number): Panel & { id: number } {
  return { ...panel, id: index + 1 };
}
