import { dashboard } from './frame.ts';
import { graph, row, stat } from './panels.ts';
import { chosen, chosenJobs, peak, quantile, rate, sumRate } from './promql.ts';

const DELIVERY = 'candlegate_delivery_latency_seconds';
const HOP = 'candlegate_hop_latency_seconds';
const SKEW = 'candlegate_clock_skew_total';

/**
 * Is it healthy, how fresh, how late, and which part is at fault. The runbooks' table "Which part is at
 * fault" names these panels by title, and tests hold it to them.
 */
export const overview = dashboard({
  uid: 'candlegate-overview',
  title: 'candlegate / Overview',
  description:
    'Is it healthy, how fresh are candles, how late are they and on which hop. Which part is at fault: docs/runbooks/README.md.',
  content: [
    row('Is it healthy?'),
    stat({
      title: 'Processes that do not answer',
      description: 'Targets of the chosen jobs that Prometheus cannot scrape. Should be 0.',
      unit: 'short',
      width: 4,
      queries: [{ expr: `count(${chosenJobs('up')} == 0) or vector(0)`, legend: 'down' }],
      thresholds: [{ from: 1, color: 'red' }],
    }),
    stat({
      title: 'Ingest leaders',
      description:
        'Exactly one worker leads. None: no candle comes into Redis. Two: they write to different stores.',
      unit: 'short',
      width: 4,
      queries: [
        { expr: `sum(${chosenJobs('candlegate_ingest_leader')}) or vector(0)`, legend: 'leaders' },
      ],
      thresholds: [
        // The panel's lowest colour is for what is below all of these, which is 0 here.
        { from: -1, color: 'red' },
        { from: 1, color: 'green' },
        { from: 2, color: 'red' },
      ],
    }),
    stat({
      title: 'Gateways without Redis',
      description:
        'Gateways that do not hear their own canary through Redis: they serve from memory and repair themselves afterwards.',
      unit: 'short',
      width: 4,
      queries: [
        {
          expr: `count(${chosen('candlegate_gateway_bus_connected')} == 0) or vector(0)`,
          legend: 'without',
        },
      ],
      thresholds: [{ from: 1, color: 'red' }],
    }),
    stat({
      title: 'Delivered within 250 ms',
      description:
        "Share of messages handed to clients' sockets within 250 ms of the exchange's time. The objective is 99.9 % over 30 days.",
      unit: 'percentunit',
      decimals: 2,
      width: 4,
      queries: [
        {
          expr: `${sumRate(`${DELIVERY}_bucket`, [], 'le="0.25"')} / ${sumRate(`${DELIVERY}_count`)}`,
          legend: 'within',
        },
      ],
      thresholds: [
        { from: -1, color: 'red' },
        { from: 0.99, color: 'orange' },
        { from: 0.999, color: 'green' },
      ],
    }),
    stat({
      title: 'Connections',
      description: 'Open WebSocket connections on all chosen gateways.',
      unit: 'short',
      width: 4,
      queries: [{ expr: `sum(${chosen('candlegate_gateway_connections')})`, legend: 'open' }],
    }),
    stat({
      title: 'Firing alerts',
      description: 'Alerts of the shipped rules that fire now; each has a runbook.',
      unit: 'short',
      width: 4,
      queries: [
        {
          expr: 'count(ALERTS{alertname=~"Candlegate.+",alertstate="firing"}) or vector(0)',
          legend: 'firing',
        },
      ],
      thresholds: [{ from: 1, color: 'red' }],
    }),

    row('How fresh?'),
    graph({
      title: 'Age of the newest candle',
      description:
        "At each gateway, by the exchange's time: of the channel that was updated last, and of the one that was updated first. All gateways alike: look at ingest and the exchange; one: look at that gateway.",
      unit: 's',
      width: 12,
      queries: [
        {
          expr: `min by (instance) (${chosen('candlegate_gateway_newest_candle_age_seconds')})`,
          legend: '{{instance}} newest channel',
        },
        {
          expr: `max by (instance) (${chosen('candlegate_gateway_newest_candle_age_seconds')})`,
          legend: '{{instance}} oldest channel',
        },
      ],
      thresholds: [{ from: 75, color: 'red' }],
    }),
    graph({
      title: 'Silence of the exchange',
      description:
        'How long each ingest worker has heard no candle of any channel, leader and standby alike. Growing on both: the exchange, or the way to it.',
      unit: 's',
      width: 12,
      queries: [
        { expr: chosen('candlegate_ingest_last_data_age_seconds'), legend: '{{instance}}' },
      ],
      thresholds: [{ from: 75, color: 'red' }],
    }),

    row('How late, and where?'),
    graph({
      title: 'Delivery',
      description:
        "From the exchange's time of a message to its hand-over to the clients' sockets: the whole way but the last network.",
      unit: 's',
      width: 8,
      logarithmic: true,
      queries: [
        { expr: quantile(0.5, DELIVERY), legend: 'p50' },
        { expr: quantile(0.99, DELIVERY), legend: 'p99', exemplars: true },
        { expr: quantile(0.999, DELIVERY), legend: 'p99.9' },
      ],
      thresholds: [{ from: 0.25, color: 'red' }],
    }),
    graph({
      title: 'Hops, typical (p50)',
      description:
        'How long the typical message spends on each hop. A hop that is slow here is slow for everybody.',
      unit: 's',
      width: 8,
      logarithmic: true,
      queries: [{ expr: quantile(0.5, HOP, ['hop']), legend: '{{hop}}' }],
      thresholds: [{ from: 0.25, color: 'red' }],
    }),
    graph({
      title: 'Hops, worst of a hundred (p99)',
      description:
        'The same for the slowest message of a hundred. Slow here and not in p50: some messages, some gateways or some clients.',
      unit: 's',
      width: 8,
      logarithmic: true,
      queries: [{ expr: quantile(0.99, HOP, ['hop']), legend: '{{hop}}', exemplars: true }],
      thresholds: [{ from: 0.25, color: 'red' }],
    }),

    row('Which part?'),
    graph({
      title: 'Round trip through Redis',
      description:
        "Worst round trip of each gateway's canary: gateway to Redis and back through pub/sub. High everywhere: Redis or its network; at one gateway: that gateway.",
      unit: 's',
      width: 8,
      queries: [
        {
          // Ingest has no canary.
          expr: peak('candlegate_bus_canary_round_trip_seconds', 'role!="ingest"'),
          legend: '{{instance}}',
        },
      ],
      thresholds: [{ from: 0.1, color: 'red' }],
    }),
    graph({
      title: 'Event loop delay (p99)',
      description:
        'How late the process itself is: too much work, too little CPU, or a long garbage collection.',
      unit: 's',
      width: 8,
      queries: [{ expr: peak('nodejs_eventloop_lag_p99_seconds'), legend: '{{instance}}' }],
      thresholds: [{ from: 0.25, color: 'red' }],
    }),
    graph({
      title: 'Connections to the exchange that are missing',
      description:
        'Connections that all channels need, less those that bring candles, for each ingest worker.',
      unit: 'short',
      width: 8,
      queries: [
        {
          expr: `${chosen('candlegate_ingest_upstream_connections_wanted')} - ${chosen('candlegate_ingest_upstream_connections')}`,
          legend: '{{instance}}',
        },
      ],
      thresholds: [{ from: 1, color: 'red' }],
    }),
    graph({
      title: 'Slow clients',
      description:
        'Connections that are off the fast path because they do not keep up. A few: those clients or their networks. Many: look at the gateway and its network.',
      unit: 'short',
      width: 8,
      queries: [
        { expr: chosen('candlegate_gateway_lagging_connections'), legend: '{{instance}} slow' },
      ],
      thresholds: [{ from: 1, color: 'orange' }],
    }),
    graph({
      title: 'Share of slow clients',
      description: 'Slow connections of all open ones.',
      unit: 'percentunit',
      width: 8,
      max: 1,
      queries: [
        {
          expr: `${chosen('candlegate_gateway_lagging_connections')} / (${chosen('candlegate_gateway_connections')} > 0)`,
          legend: '{{instance}}',
        },
      ],
      thresholds: [{ from: 0.1, color: 'red' }],
    }),
    graph({
      title: 'Negative latencies',
      description:
        "Share of the latencies of a hop that came out negative: the clocks at the hop's two ends disagree, and its figures are not to be believed. `delivery`: those that could not be measured for it. A few are the last digits of two clocks.",
      unit: 'percentunit',
      width: 8,
      max: 1,
      queries: [
        {
          expr: `sum by (instance, hop) (${rate(SKEW, 'hop!="delivery"')}) / (sum by (instance, hop) (${rate(`${HOP}_count`)}) > 0)`,
          legend: '{{instance}} {{hop}}',
        },
        {
          expr: `${sumRate(SKEW, ['instance'], 'hop="delivery"')} / (${sumRate(SKEW, ['instance'], 'hop="delivery"')} + ${sumRate(`${DELIVERY}_count`, ['instance'])} > 0)`,
          legend: '{{instance}} delivery',
        },
      ],
      thresholds: [{ from: 0.2, color: 'red' }],
    }),
    graph({
      title: "Exchange's clock",
      description:
        "By how much the exchange's clock is ahead of each ingest worker's, with the bound of the error. Far from 0: the worker's clock, or the exchange's, is wrong.",
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
      thresholds: [{ from: 0.5, color: 'red' }],
    }),
    graph({
      title: "Hosts' clocks",
      description:
        "By how much the clock of Redis is ahead of each process's. Processes that differ here have clocks that differ by as much, and the hop `bus` between them is wrong by it.",
      unit: 's',
      width: 8,
      min: -1,
      queries: [{ expr: chosen('candlegate_bus_clock_offset_seconds'), legend: '{{instance}}' }],
    }),
    graph({
      title: 'Messages to clients',
      description: 'Messages a second that are written to sockets, each once per client.',
      unit: 'ops',
      width: 8,
      queries: [
        {
          expr: sumRate('candlegate_gateway_messages_sent_total', ['kind']),
          legend: '{{kind}}',
        },
      ],
      stacked: true,
    }),
    graph({
      title: 'Upgrades that failed',
      description:
        'Requests for a WebSocket a second that did not become one, by outcome. What it means: dashboard Gateway.',
      unit: 'ops',
      width: 24,
      queries: [
        {
          expr: `${sumRate('candlegate_gateway_upgrades_total', ['outcome'], 'outcome!="accepted"')} > 0 or ${sumRate('candlegate_gateway_upgrades_total', [], 'outcome!="accepted"')}`,
          legend: '{{outcome}}',
        },
      ],
    }),
  ],
});
