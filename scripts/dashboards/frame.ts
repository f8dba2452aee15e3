/* oxlint-disable typescript/no-deprecated -- the classic schema is meant: docs/decisions/0019 */
import * as grafana from '@grafana/grafana-foundation-sdk/dashboard';
import { DATASOURCE } from './panels.ts';

type PanelOrRow = Parameters<grafana.DashboardBuilder['withPanel']>[0] | grafana.RowBuilder;

/** Grafana's classic schema, which can be imported by hand and is read by the sidecar of its chart. */
export type ClassicDashboard = grafana.Dashboard;

export interface DashboardOptions {
  /** Never changes: links and bookmarks hold it. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly content: readonly PanelOrRow[];
}

/** All dashboards carry it, and so find each other. */
const TAG = 'candlegate';
/** Every process has this metric, so it knows every job and instance. */
const KNOWN = 'candlegate_build_info';
/** Grafana's value of the choice "All". */
const EVERY = '$__all';

/** A dashboard with the variables, links and annotations that all of them have. */
export function dashboard(options: DashboardOptions): ClassicDashboard {
  const builder = new grafana.DashboardBuilder(options.title)
    .uid(options.uid)
    .description(options.description)
    .tags([TAG])
    .timezone('browser')
    .time({ from: 'now-1h', to: 'now' })
    .refresh('30s')
    .editable()
    .tooltip(grafana.DashboardCursorSync.Crosshair)
    .withVariable(
      new grafana.DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'),
    )
    .withVariable(choice('job', 'Job', `label_values(${KNOWN}, job)`))
    .withVariable(choice('instance', 'Instance', `label_values(${KNOWN}{job=~"$job"}, instance)`))
    .link(
      new grafana.DashboardLinkBuilder('candlegate')
        .type(grafana.DashboardLinkType.Dashboards)
        .tags([TAG])
        .asDropdown(false)
        .includeVars(true)
        .keepTime(true),
    )
    .annotation(
      new grafana.AnnotationQueryBuilder()
        .name('Starts')
        .datasource(DATASOURCE)
        .enable(true)
        .iconColor('blue')
        .expr('changes(process_start_time_seconds{job=~"$job",instance=~"$instance"}[1m]) > 0'),
    );
  for (const each of options.content) {
    if (each instanceof grafana.RowBuilder) builder.withRow(each);
    else builder.withPanel(each);
  }
  return builder.build();
}

function choice(name: string, label: string, query: string): grafana.QueryVariableBuilder {
  return new grafana.QueryVariableBuilder(name)
    .label(label)
    .datasource(DATASOURCE)
    .query({ query, refId: `variable-${name}`, qryType: 1 })
    .definition(query)
    .refresh(grafana.VariableRefresh.OnTimeRangeChanged)
    .sort(grafana.VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .current({ selected: true, text: ['All'], value: [EVERY] });
}
