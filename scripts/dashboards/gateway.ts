import { dashboard } from './frame.ts';
import { bars, graph, row, stat } from './panels.ts';
import { chosen, quantile, rate, sumRate } from './promql.ts';

const SENT = 'candlegate_gateway_messages_sent_total';

export const gateway = dashboard({
  uid: 'candlegate-gateway',
  title: 'candlegate / Gateway',
  description: 'What gateways do for their clients, and what it costs them.',
  content: [
    row('Connections'),
    graph({
      title: 'Connections',
      description: 'Open WebSocket connections of each gateway.',
      unit: 'short',
      width: 8,
      queries: [{ expr: chosen('candlegate_gateway_connections'), legend: '{{instance}}' }],
      stacked: true,
    }),
    graph({
      title: 'Upgrades by outcome',
      description:
        'Requests for a WebSocket: accepted, aborted (the client left before the answer), or the code of the problem that refused it.',
      unit: 'ops',
      width: 8,
      queries: [
        {
          expr: `${sumRate('candlegate_gateway_upgrades_total', ['outcome'])} > 0 or ${sumRate('candlegate_gateway_upgrades_total', ['outcome'], 'outcome="accepted"')}`,
          legend: '{{outcome}}',
        },
      ],
      stacked: true,
    }),
    graph({
      title: 'Ended connections by close code',
      description:
        '1000 and 1005: the client left; 1001: the gateway drained; 1006: cut without a close; 4000: too slow even for conflated delivery; 4001: candles missing in history; 4400 and above: the client must mend something. PROTOCOL.md has the table.',
      unit: 'ops',
      width: 8,
      queries: [
        {
          expr: `${sumRate('candlegate_gateway_closes_total', ['code'])} > 0 or ${sumRate('candlegate_gateway_closes_total', ['code'], 'code="1006"')}`,
          legend: '{{code}}',
        },
      ],
      stacked: true,
    }),
    bars({
      title: 'Subscribers by channel',
      description:
        'Sockets that get a channel by fan-out now. Slow ones are not among them while they are slow.',
      unit: 'short',
      width: 12,
      queries: [
        {
          expr: `sum by (channel) (${chosen('candlegate_gateway_channel_subscribers')})`,
          legend: '{{channel}}',
        },
      ],
    }),
    graph({
      title: 'Messages of clients',
      description: 'What clients say, by type; `invalid`: could not be read.',
      unit: 'ops',
      width: 12,
      queries: [
        {
          expr: sumRate('candlegate_gateway_client_messages_total', ['type']),
          legend: '{{type}}',
        },
      ],
      stacked: true,
    }),

    row('What is sent'),
    graph({
      title: 'Messages to clients',
      description:
        'By kind, each once per client; a fanned-out one counts for every subscriber, also for one too slow to take it.',
      unit: 'ops',
      width: 8,
      queries: [{ expr: sumRate(SENT, ['kind']), legend: '{{kind}}' }],
      stacked: true,
    }),
    graph({
      title: 'Bytes to clients by encoding',
      description: 'Before WebSocket framing, compression and TLS.',
      unit: 'Bps',
      width: 8,
      queries: [
        {
          expr: sumRate('candlegate_gateway_bytes_sent_total', ['encoding']),
          legend: '{{encoding}}',
        },
      ],
      stacked: true,
    }),
    graph({
      title: 'Messages encoded',
      description:
        'Fanned out once per encoding, not per client: the work that does not grow with clients.',
      unit: 'ops',
      width: 8,
      queries: [
        {
          expr: sumRate('candlegate_gateway_fanned_out_messages_total', ['kind', 'encoding']),
          legend: '{{kind}} {{encoding}}',
        },
      ],
    }),

    row('How late'),
    graph({
      title: 'Redis to gateway (p99)',
      description:
        'The hop `bus` of each gateway. One gateway alone: that gateway or its clock; all: Redis.',
      unit: 's',
      width: 8,
      logarithmic: true,
      queries: [
        {
          expr: quantile(0.99, 'candlegate_hop_latency_seconds', ['instance'], 'hop="bus"'),
          legend: '{{instance}}',
          exemplars: true,
        },
      ],
      thresholds: [{ from: 0.1, color: 'red' }],
    }),
    graph({
      title: 'Within the gateway (p99)',
      description: 'The hop `gateway`: from Redis to the hand-over to the WebSocket server.',
      unit: 's',
      width: 8,
      logarithmic: true,
      queries: [
        {
          expr: quantile(0.99, 'candlegate_hop_latency_seconds', ['instance'], 'hop="gateway"'),
          legend: '{{instance}}',
          exemplars: true,
        },
      ],
      thresholds: [{ from: 0.1, color: 'red' }],
    }),
    graph({
      title: 'Round trip to clients',
      description:
        "Protocol pings, with what the kernel still holds for the client: a client's true lag is half of it.",
      unit: 's',
      width: 8,
      logarithmic: true,
      queries: [
        { expr: quantile(0.5, 'candlegate_gateway_ping_rtt_seconds'), legend: 'p50' },
        { expr: quantile(0.99, 'candlegate_gateway_ping_rtt_seconds'), legend: 'p99' },
      ],
    }),

    row('Slow clients'),
    graph({
      title: 'Slow connections',
      description: 'Off the fast path: they get closed candles and the newest state only.',
      unit: 'short',
      width: 8,
      queries: [{ expr: chosen('candlegate_gateway_lagging_connections'), legend: '{{instance}}' }],
    }),
    graph({
      title: 'Why they were found slow',
      description:
        'dropped: what waits for the socket reached CANDLEGATE_MAX_BACKPRESSURE_BYTES; late_pong: no answer to a ping for two seconds.',
      unit: 'ops',
      width: 8,
      queries: [
        { expr: sumRate('candlegate_gateway_lag_entries_total', ['cause']), legend: '{{cause}}' },
        {
          expr: sumRate('candlegate_gateway_too_slow_total', ['cause']),
          legend: 'closed: {{cause}}',
        },
      ],
    }),
    graph({
      title: 'Spared to slow clients',
      description:
        'Updates of open candles a second that slow clients were spared, each once per client; closed candles never are.',
      unit: 'ops',
      width: 8,
      queries: [
        {
          expr: sumRate('candlegate_gateway_conflated_updates_total', ['instance']),
          legend: '{{instance}}',
        },
      ],
    }),
    graph({
      title: 'Socket and client (p99)',
      description:
        "From the hand-over until a sampled socket's buffer is empty, and half the round trip to clients (or what they report).",
      unit: 's',
      width: 8,
      logarithmic: true,
      queries: [
        {
          expr: quantile(0.99, 'candlegate_hop_latency_seconds', ['hop'], 'hop=~"socket|client"'),
          legend: '{{hop}}',
        },
      ],
    }),
    graph({
      title: 'Slow messages and traces',
      description:
        'Deliveries that were slower than CANDLEGATE_TRACE_SLOW_MS, and traces that a collector did not take.',
      unit: 'ops',
      width: 8,
      queries: [
        {
          expr: sumRate('candlegate_slow_messages_total', ['instance']),
          legend: '{{instance}} slow',
        },
        {
          expr: `${sumRate('candlegate_trace_export_failures_total')} or vector(0)`,
          legend: 'not exported',
        },
      ],
    }),
    graph({
      title: 'Replays',
      description:
        'Candles a second that were sent from history: first snapshots, resumes with `since`, and catching up of slow clients.',
      unit: 'ops',
      width: 8,
      queries: [
        {
          expr: sumRate('candlegate_gateway_replayed_candles_sum', ['kind']),
          legend: '{{kind}} candles',
        },
        {
          expr: sumRate('candlegate_gateway_replayed_candles_count', ['kind']),
          legend: '{{kind}} replays',
        },
      ],
    }),

    row('Redis'),
    graph({
      title: 'Repairs by cause',
      description:
        'Channels read anew from history: subscription (start or reconnect), gap (a message missing), epoch (Redis forgot), head and chain (the leader has more than this gateway).',
      unit: 'ops',
      width: 8,
      queries: [
        { expr: sumRate('candlegate_gateway_repairs_total', ['cause']), legend: '{{cause}}' },
      ],
    }),
    graph({
      title: 'Duration of repairs',
      description: 'Messages of a channel wait so long.',
      unit: 's',
      width: 8,
      logarithmic: true,
      queries: [
        { expr: quantile(0.5, 'candlegate_gateway_repair_duration_seconds'), legend: 'p50' },
        { expr: quantile(0.99, 'candlegate_gateway_repair_duration_seconds'), legend: 'p99' },
      ],
    }),
    graph({
      title: 'Trouble with Redis',
      description:
        'Reconnects by connection, canaries not heard, reads of history not answered, messages that could not be used, and candles that could not be had any more (holes).',
      unit: 'ops',
      width: 8,
      queries: [
        {
          expr: sumRate('candlegate_bus_reconnects_total', ['connection']),
          legend: 'reconnect {{connection}}',
        },
        { expr: sumRate('candlegate_bus_canary_losses_total'), legend: 'canary lost' },
        {
          expr: sumRate('candlegate_gateway_history_read_failures_total'),
          legend: 'history not read',
        },
        {
          expr: sumRate('candlegate_gateway_ignored_bus_messages_total', ['reason']),
          legend: 'ignored: {{reason}}',
        },
        { expr: sumRate('candlegate_bus_malformed_messages_total'), legend: 'malformed' },
        { expr: sumRate('candlegate_gateway_history_holes_total'), legend: 'hole' },
      ],
    }),

    row('The process'),
    graph({
      title: 'CPU',
      description:
        'Seconds of CPU a second. Fan-out runs on one core: near 1, the gateway is full.',
      unit: 'percentunit',
      width: 6,
      queries: [
        {
          expr: rate('process_cpu_seconds_total', 'role!="ingest"'),
          legend: '{{instance}}',
        },
      ],
      thresholds: [{ from: 0.9, color: 'red' }],
    }),
    graph({
      title: 'Event loop delay',
      description: 'p99 since the last scrape.',
      unit: 's',
      width: 6,
      queries: [
        {
          expr: chosen('nodejs_eventloop_lag_p99_seconds', 'role!="ingest"'),
          legend: '{{instance}}',
        },
      ],
      thresholds: [{ from: 0.25, color: 'red' }],
    }),
    graph({
      title: 'Memory',
      description: 'Resident memory, and the heap in use.',
      unit: 'bytes',
      width: 6,
      queries: [
        {
          expr: chosen('process_resident_memory_bytes', 'role!="ingest"'),
          legend: '{{instance}} resident',
        },
        {
          expr: chosen('nodejs_heap_size_used_bytes', 'role!="ingest"'),
          legend: '{{instance}} heap',
        },
      ],
    }),
    graph({
      title: 'File descriptors',
      description: 'Open ones of those allowed. Each connection takes one.',
      unit: 'percentunit',
      width: 6,
      queries: [
        {
          expr: `${chosen('process_open_fds', 'role!="ingest"')} / ${chosen('process_max_fds', 'role!="ingest"')}`,
          legend: '{{instance}}',
        },
      ],
      thresholds: [{ from: 0.85, color: 'red' }],
    }),

    row('REST and draining'),
    graph({
      title: 'HTTP requests',
      description: 'Answered requests other than upgrades, by route and status.',
      unit: 'ops',
      width: 8,
      queries: [
        {
          expr: sumRate('candlegate_gateway_http_requests_total', ['route', 'status']),
          legend: '{{route}} {{status}}',
        },
      ],
    }),
    graph({
      title: 'Duration of HTTP requests (p99)',
      description: 'By route. History comes from memory; the slow ones verify a token.',
      unit: 's',
      width: 8,
      queries: [
        {
          expr: quantile(0.99, 'candlegate_gateway_http_request_duration_seconds', ['route']),
          legend: '{{route}}',
        },
      ],
    }),
    stat({
      title: 'Draining',
      description: 'Gateways that are shutting down now.',
      unit: 'short',
      width: 4,
      queries: [{ expr: `sum(${chosen('candlegate_gateway_draining')})`, legend: 'gateways' }],
      thresholds: [{ from: 1, color: 'yellow' }],
    }),
    stat({
      title: 'Sessions yet to close',
      description: 'Sessions that a drain has yet to close.',
      unit: 'short',
      width: 4,
      queries: [
        { expr: `sum(${chosen('candlegate_gateway_drain_remaining_sessions')})`, legend: 'left' },
      ],
    }),
  ],
});
