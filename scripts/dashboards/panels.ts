import * as common from '@grafana/grafana-foundation-sdk/common';
import * as grafana from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as BarGaugeBuilder } from '@grafana/grafana-foundation-sdk/bargauge';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

/** The style of every panel of every dashboard. */

export const DATASOURCE = { type: 'prometheus', uid: '${datasource}' } as const;
/** Grafana's grid is 24 units wide. */
const STAT_HEIGHT = 4;
const GRAPH_HEIGHT = 8;

export interface Query {
  readonly expr: string;
  /** Template of the series' names; default: the labels. */
  readonly legend?: string;
  /** Whether to show exemplars, each with a link to its trace. */
  readonly exemplars?: boolean;
}

/** A level from which a value is coloured; `from` is in the panel's unit. */
export interface Threshold {
  readonly from: number;
  readonly color: 'green' | 'yellow' | 'orange' | 'red' | 'blue';
}

export interface PanelOptions {
  readonly title: string;
  /** What the reader sees and what is wrong when it looks odd. */
  readonly description: string;
  /** Grafana's name of the unit. */
  readonly unit: string;
  readonly queries: readonly Query[];
  /** Of 24. */
  readonly width: number;
  /** Green below the first; without any, values are not judged. */
  readonly thresholds?: readonly Threshold[];
  readonly decimals?: number;
  readonly min?: number;
  readonly max?: number;
}

type AnyBuilder = StatBuilder | TimeseriesBuilder | BarGaugeBuilder;

/** Curves over time. */
export function graph(
  options: PanelOptions & { readonly stacked?: boolean; readonly logarithmic?: boolean },
): TimeseriesBuilder {
  const panel = dress(new TimeseriesBuilder(), options, GRAPH_HEIGHT)
    .lineWidth(1)
    .fillOpacity(options.stacked === true ? 25 : 8)
    .showPoints(common.VisibilityMode.Never)
    .legend(
      new common.VizLegendOptionsBuilder()
        .displayMode(common.LegendDisplayMode.List)
        .placement(common.LegendPlacement.Bottom)
        .showLegend(true),
    )
    .tooltip(
      new common.VizTooltipOptionsBuilder()
        .mode(common.TooltipDisplayMode.Multi)
        .sort(common.SortOrder.Descending),
    );
  if (options.thresholds !== undefined) {
    panel.thresholdsStyle(
      new common.GraphThresholdsStyleConfigBuilder().mode(common.GraphThresholdsStyleMode.Line),
    );
  }
  if (options.stacked === true) {
    panel.stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Normal).group('A'));
  }
  if (options.logarithmic === true) {
    panel.scaleDistribution(
      new common.ScaleDistributionConfigBuilder().type(common.ScaleDistribution.Log).log(10),
    );
  }
  return panel;
}

/** The newest value in large figures. */
export function stat(options: PanelOptions): StatBuilder {
  return dress(new StatBuilder(), options, STAT_HEIGHT)
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false))
    .colorMode(
      options.thresholds === undefined
        ? common.BigValueColorMode.None
        : common.BigValueColorMode.Background,
    )
    .graphMode(common.BigValueGraphMode.None)
    .textMode(
      options.queries.length === 1
        ? common.BigValueTextMode.Value
        : common.BigValueTextMode.ValueAndName,
    );
}

/** The newest value of each series as a bar. */
export function bars(options: PanelOptions): BarGaugeBuilder {
  return dress(new BarGaugeBuilder(), options, GRAPH_HEIGHT)
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false))
    .orientation(common.VizOrientation.Horizontal)
    .displayMode(common.BarGaugeDisplayMode.Gradient);
}

export function row(title: string): grafana.RowBuilder {
  return new grafana.RowBuilder(title);
}

function dress<Builder extends AnyBuilder>(
  builder: Builder,
  options: PanelOptions,
  height: number,
): Builder {
  const { title, description, unit, queries, width, thresholds, decimals, min, max } = options;
  builder
    .title(title)
    .description(description)
    .datasource(DATASOURCE)
    .unit(unit)
    .height(height)
    .span(width)
    .thresholds(thresholdsOf(thresholds ?? []))
    .colorScheme(
      new grafana.FieldColorBuilder().mode(
        thresholds === undefined || builder instanceof TimeseriesBuilder
          ? grafana.FieldColorModeId.PaletteClassic
          : grafana.FieldColorModeId.Thresholds,
      ),
    );
  if (decimals !== undefined) builder.decimals(decimals);
  if (max !== undefined) builder.max(max);
  builder.min(min ?? 0);
  queries.forEach((query, index) => builder.withTarget(target(query, index)));
  return builder;
}

function target({ expr, legend, exemplars = false }: Query, index: number): DataqueryBuilder {
  return new DataqueryBuilder()
    .datasource(DATASOURCE)
    .refId(String.fromCharCode('A'.charCodeAt(0) + index))
    .expr(expr)
    .legendFormat(legend ?? '__auto')
    .exemplar(exemplars)
    .range();
}

function thresholdsOf(levels: readonly Threshold[]): grafana.ThresholdsConfigBuilder {
  return new grafana.ThresholdsConfigBuilder().mode(grafana.ThresholdsMode.Absolute).steps([
    // Everything below the first level.
    { color: 'green', value: null },
    ...levels.map(({ from, color }) => ({ color, value: from })),
  ]);
}
