import { dashboard } from './frame.ts';
import { graph, row, stat } from './panels.ts';
import { chosen, chosenJobs, quantile, rate, sumRate } from './promql.ts';

export const ingest = dashboard({
  uid: 'candlegate-ingest',
  title: 'candlegate / Ingest',
  description: 'What comes from the exchange, and what goes into Redis.',
  content: [
    row('Leadership'),
    stat({
      title: 'Leader',
      description: 'The worker that leads; exactly one.',
      unit: 'short',
      width: 8,
      queries: [{ expr: `${chosenJobs('candlegate_ingest_leader')} == 1`, legend: '{{instance}}' }],
    }),
    graph({
      title: 'Who leads',
      description: '1 while a worker leads. Turns that follow each other closely: see Redis.',
      unit: 'short',
      width: 8,
      max: 1,
      queries: [{ expr: chosenJobs('candlegate_ingest_leader'), legend: '{{instance}}' }],
      stacked: true,
    }),
    graph({
      title: 'Fencing token',
      description:
        "The token of each worker's last turn. The leader has the highest one; it grows by one with each turn.",
      unit: 'short',
      width: 8,
      queries: [{ expr: chosenJobs('candlegate_ingest_fence_token'), legend: '{{instance}}' }],
    }),

    row('From the exchange'),
    graph({
      title: 'Frames',
      description:
        'Frames of the exchange by kind. The standby hears them too, so that it can take over at once.',
      unit: 'ops',
      width: 8,
      queries: [
        {
          expr: sumRate('candlegate_ingest_frames_total', ['instance', 'kind']),
          legend: '{{instance}} {{kind}}',
        },
      ],
    }),
    graph({
      title: 'What became of candles',
      description:
        'update and close go on; stale and duplicate say nothing new; differs: a confirmed candle came again with other values, and the first one stays.',
      unit: 'ops',
      width: 8,
      queries: [
        { expr: sumRate('candlegate_ingest_candles_total', ['outcome']), legend: '{{outcome}}' },
      ],
      stacked: true,
    }),
    graph({
      title: 'Exchange to ingest',
      description: "From the exchange's time of a frame to its receipt.",
      unit: 's',
      width: 8,
      logarithmic: true,
      queries: [
        {
          expr: quantile(0.5, 'candlegate_hop_latency_seconds', ['instance'], 'hop="exchange"'),
          legend: '{{instance}} p50',
        },
        {
          expr: quantile(0.99, 'candlegate_hop_latency_seconds', ['instance'], 'hop="exchange"'),
          legend: '{{instance}} p99',
          exemplars: true,
        },
      ],
      thresholds: [{ from: 0.25, color: 'red' }],
    }),
    graph({
      title: 'Connections to the exchange',
      description: 'Those that bring candles, and how many all channels need.',
      unit: 'short',
      width: 8,
      queries: [
        { expr: chosen('candlegate_ingest_upstream_connections'), legend: '{{instance}} up' },
        {
          expr: chosen('candlegate_ingest_upstream_connections_wanted'),
          legend: '{{instance}} wanted',
        },
      ],
    }),
    graph({
      title: 'Lost connections by reason',
      description:
        'not_opened: refused or no answer; stalled: no data for CANDLEGATE_STALL_MS; pong_timeout and ack_timeout: the exchange does not answer.',
      unit: 'ops',
      width: 8,
      queries: [
        { expr: sumRate('candlegate_ingest_reconnects_total', ['reason']), legend: '{{reason}}' },
      ],
    }),
    graph({
      title: 'Age of the newest candle by channel',
      description: 'Time since something new of the channel came to the worker that hears it last.',
      unit: 's',
      width: 8,
      queries: [
        {
          expr: `max by (channel) (${chosen('candlegate_ingest_newest_candle_age_seconds')})`,
          legend: '{{channel}}',
        },
      ],
    }),
    graph({
      title: 'Frames not taken',
      description:
        'Bad frames or candles by reason, and topics that the exchange refuses (a symbol that is not traded any more).',
      unit: 'short',
      width: 8,
      queries: [
        {
          expr: `increase(${chosen('candlegate_ingest_bad_frames_total')}[$__rate_interval])`,
          legend: '{{instance}} {{reason}}',
        },
        { expr: chosen('candlegate_ingest_refused_topics'), legend: '{{instance}} refused topics' },
      ],
    }),
    graph({
      title: 'REST calls',
      description: 'By outcome: candles that the stream missed, first histories, and the clock.',
      unit: 'ops',
      width: 8,
      queries: [
        {
          expr: sumRate('candlegate_ingest_rest_calls_total', ['outcome']),
          legend: '{{outcome}}',
        },
      ],
    }),
    graph({
      title: "Exchange's clock",
      description: "By how much it is ahead of the worker's, and the bound of the error.",
      unit: 's',
      width: 8,
      min: -1,
      queries: [
        { expr: chosen('candlegate_ingest_clock_offset_seconds'), legend: '{{instance}}' },
        {
          expr: chosen('candlegate_ingest_clock_offset_error_seconds'),
          legend: '{{instance}} error bound',
        },
      ],
    }),

    row('Into Redis'),
    graph({
      title: 'Publications by answer',
      description:
        'published; stale and gap: the store has or lacks more than this worker thought; fenced: a newer leader has been here; failed: Redis did not answer.',
      unit: 'ops',
      width: 8,
      queries: [
        { expr: sumRate('candlegate_ingest_publications_total', ['result']), legend: '{{result}}' },
      ],
      stacked: true,
    }),
    graph({
      title: 'Within ingest',
      description: 'From the receipt of a frame to its hand-over to Redis.',
      unit: 's',
      width: 8,
      logarithmic: true,
      queries: [
        {
          expr: quantile(0.5, 'candlegate_hop_latency_seconds', ['instance'], 'hop="ingest"'),
          legend: '{{instance}} p50',
        },
        {
          expr: quantile(0.99, 'candlegate_hop_latency_seconds', ['instance'], 'hop="ingest"'),
          legend: '{{instance}} p99',
          exemplars: true,
        },
      ],
      thresholds: [{ from: 0.1, color: 'red' }],
    }),
    graph({
      title: 'Backfill',
      description:
        'Closed candles a second that came over REST, closed candles that wait for a missing one before them or are lost, and confirmed versions that differ.',
      unit: 'short',
      width: 8,
      queries: [
        { expr: sumRate('candlegate_ingest_backfilled_candles_total'), legend: 'backfilled/s' },
        {
          expr: sumRate('candlegate_ingest_backfills_total', ['outcome']),
          legend: 'ranges {{outcome}}/s',
        },
        {
          expr: sumRate('candlegate_ingest_conflated_updates_total'),
          legend: 'updates overtaken/s',
        },
        { expr: chosen('candlegate_ingest_held_closes'), legend: '{{instance}} held' },
        {
          expr: `sum by (reason) (increase(${chosen('candlegate_ingest_lost_closes_total')}[$__rate_interval]))`,
          legend: 'lost ({{reason}})',
        },
        {
          expr: sumRate('candlegate_ingest_seeds_total', ['result']),
          legend: 'seed {{result}}/s',
        },
      ],
    }),

    row('The process'),
    graph({
      title: 'CPU',
      description: 'Seconds of CPU a second.',
      unit: 'percentunit',
      width: 8,
      queries: [
        { expr: rate('process_cpu_seconds_total', 'role="ingest"'), legend: '{{instance}}' },
      ],
    }),
    graph({
      title: 'Event loop delay',
      description: 'p99 since the last scrape.',
      unit: 's',
      width: 8,
      queries: [
        {
          expr: chosen('nodejs_eventloop_lag_p99_seconds', 'role="ingest"'),
          legend: '{{instance}}',
        },
      ],
      thresholds: [{ from: 0.25, color: 'red' }],
    }),
    graph({
      title: 'Memory',
      description: 'Resident memory, and the heap in use.',
      unit: 'bytes',
      width: 8,
      queries: [
        {
          expr: chosen('process_resident_memory_bytes', 'role="ingest"'),
          legend: '{{instance}} resident',
        },
        {
          expr: chosen('nodejs_heap_size_used_bytes', 'role="ingest"'),
          legend: '{{instance}} heap',
        },
      ],
    }),
  ],
});
