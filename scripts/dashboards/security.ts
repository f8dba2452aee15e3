import { dashboard } from './frame.ts';
import { graph, row } from './panels.ts';
import { chosen, sumRate } from './promql.ts';

const UPGRADES = 'candlegate_gateway_upgrades_total';

export const security = dashboard({
  uid: 'candlegate-security',
  title: 'candlegate / Security and limits',
  description: 'Who is refused and why, and how near the limits are.',
  content: [
    row('Who is refused'),
    graph({
      title: 'Refused upgrades by reason',
      description:
        'By the code of the problem document. Many of one kind after a change of keys or issuers: that change; from nowhere: somebody tries.',
      unit: 'ops',
      width: 12,
      queries: [
        {
          expr: `${sumRate(UPGRADES, ['outcome'], 'outcome!~"accepted|aborted"')} > 0 or ${sumRate(UPGRADES, [], 'outcome!~"accepted|aborted"')}`,
          legend: '{{outcome}}',
        },
      ],
      stacked: true,
    }),
    graph({
      title: 'Share of upgrades that are refused',
      description: 'Of all requests for a WebSocket that were answered.',
      unit: 'percentunit',
      width: 12,
      max: 1,
      queries: [
        {
          expr: `${sumRate(UPGRADES, ['instance'], 'outcome!~"accepted|aborted"')} / (${sumRate(UPGRADES, ['instance'], 'outcome!="aborted"')} > 0)`,
          legend: '{{instance}}',
        },
      ],
      thresholds: [{ from: 0.5, color: 'red' }],
    }),
    graph({
      title: 'Tokens looked at',
      description:
        'accepted; remembered (verified before); else the reason why it was refused. Refreshes of tokens on open connections are among them.',
      unit: 'ops',
      width: 12,
      queries: [
        {
          expr: sumRate('candlegate_gateway_token_verifications_total', ['outcome']),
          legend: '{{outcome}}',
        },
      ],
    }),
    graph({
      title: 'Errors told to clients',
      description: 'By code; PROTOCOL.md has the table.',
      unit: 'ops',
      width: 12,
      queries: [
        {
          expr: `${sumRate('candlegate_gateway_client_errors_total', ['code'])} > 0 or ${sumRate('candlegate_gateway_client_errors_total')}`,
          legend: '{{code}}',
        },
      ],
    }),
    graph({
      title: 'Closed by the gateway',
      description:
        '4000 too slow, 4001 history gap, 4400 too many errors, 4401 token expired; 1009 message too big.',
      unit: 'ops',
      width: 12,
      queries: [
        {
          expr: sumRate('candlegate_gateway_closes_total', ['code'], 'code=~"1009|4.*"'),
          legend: '{{code}}',
        },
      ],
      stacked: true,
    }),
    graph({
      title: 'Messages and bytes of clients',
      description: 'A flood shows here first.',
      unit: 'ops',
      width: 12,
      queries: [
        {
          expr: sumRate('candlegate_gateway_client_messages_total', ['instance']),
          legend: '{{instance}} messages',
        },
        {
          expr: sumRate('candlegate_gateway_client_bytes_total', ['instance']),
          legend: '{{instance}} bytes',
        },
      ],
    }),

    row('How near the limits'),
    graph({
      title: 'Connections',
      description: 'Open WebSocket connections of each gateway.',
      unit: 'short',
      width: 12,
      queries: [{ expr: chosen('candlegate_gateway_connections'), legend: '{{instance}}' }],
    }),
    graph({
      title: 'File descriptors',
      description: 'Open ones of those allowed.',
      unit: 'percentunit',
      width: 12,
      queries: [
        {
          expr: `${chosen('process_open_fds')} / ${chosen('process_max_fds')}`,
          legend: '{{instance}}',
        },
      ],
      thresholds: [{ from: 0.85, color: 'red' }],
    }),
    graph({
      title: 'Faults in handlers',
      description: 'Exceptions caught at the last line of defence. Each is a bug, to be reported.',
      unit: 'short',
      width: 12,
      queries: [
        {
          expr: `sum(increase(${chosen('candlegate_gateway_handler_failures_total')}[$__rate_interval])) or vector(0)`,
          legend: 'faults',
        },
      ],
      thresholds: [{ from: 1, color: 'red' }],
    }),
  ],
});
