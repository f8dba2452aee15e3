import type { ClassicDashboard } from './frame.ts';
import { gateway } from './gateway.ts';
import { ingest } from './ingest.ts';
import { overview } from './overview.ts';
import { security } from './security.ts';

/** By file name, without `.json`. */
export const DASHBOARDS: Readonly<Record<string, ClassicDashboard>> = {
  overview,
  gateway,
  ingest,
  security,
};
