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
      title: 'Credentials by kind',
      description:
        'Tokens, API keys and tickets presented, by outcome: accepted, or the code of the problem.',
      unit: 'ops',
      width: 12,
      queries: [
        {
          expr: sumRate('candlegate_gateway_authentications_total', ['kind', 'outcome']),
          legend: '{{kind}} {{outcome}}',
        },
      ],
    }),
    graph({
      title: 'API keys and tickets',
      description:
        'API keys looked at by outcome (remembered: found good a moment ago), tickets issued and redeemed.',
      unit: 'ops',
      width: 12,
      queries: [
        {
          expr: sumRate('candlegate_gateway_api_key_checks_total', ['outcome']),
          legend: 'key {{outcome}}',
        },
        {
          expr: `${sumRate('candlegate_gateway_tickets_issued_total')} or vector(0)`,
          legend: 'tickets issued',
        },
        {
          expr: `${sumRate('candlegate_gateway_tickets_redeemed_total')} or vector(0)`,
          legend: 'tickets redeemed',
        },
      ],
    }),
    graph({
      title: 'Revocations',
      description:
        'Revocations in force at each gateway, credentials refused and connections closed because of them.',
      unit: 'short',
      width: 12,
      queries: [
        {
          expr: chosen('candlegate_gateway_revocations_known'),
          legend: '{{instance}} in force',
        },
        {
          expr: sumRate('candlegate_gateway_revoked_credentials_total', ['kind']),
          legend: 'refused {{kind}}/s',
        },
        {
          expr: sumRate('candlegate_gateway_revoked_sessions_total'),
          legend: 'closed/s',
        },
      ],
    }),
    graph({
      title: 'Age of what is known of revocations',
      description:
        'Time since a gateway knew all revocations in Redis. While it grows, what is revoked now still gets in there.',
      unit: 's',
      width: 12,
      queries: [
        {
          expr: chosen('candlegate_gateway_revocation_sync_age_seconds'),
          legend: '{{instance}}',
        },
      ],
      thresholds: [{ from: 60, color: 'red' }],
    }),
    graph({
      title: "Issuer's keys",
      description:
        "Usable keys in the issuer's set, where they are fetched from an address, and fetches that failed.",
      unit: 'short',
      width: 12,
      queries: [
        {
          expr: `${chosen('candlegate_gateway_jwks_keys')} or vector(0)`,
          legend: '{{instance}} keys',
        },
        {
          expr: `${sumRate('candlegate_gateway_jwks_refreshes_total', ['outcome'])} or vector(0)`,
          legend: 'fetches {{outcome}}/s',
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
      title: 'Refused by a limit',
      description: 'Decisions of the limits a second that refused, by limit.',
      unit: 'ops',
      width: 12,
      queries: [
        {
          expr: `${sumRate('candlegate_limits_decisions_total', ['limit'], 'decision="refused"')} or vector(0)`,
          legend: '{{limit}}',
        },
      ],
      stacked: true,
    }),
    graph({
      title: 'Limits without Redis',
      description:
        'Gateways that keep their share of each limit alone, because Redis keeps none: limits are coarser then.',
      unit: 'short',
      width: 12,
      queries: [
        { expr: `sum(${chosen('candlegate_limits_degraded')}) or vector(0)`, legend: 'gateways' },
      ],
      thresholds: [{ from: 1, color: 'red' }],
    }),
    graph({
      title: 'Connections of those allowed',
      description:
        'Open WebSocket connections of each gateway, of those that it takes. At 100 % it answers 503.',
      unit: 'percentunit',
      width: 12,
      queries: [
        {
          expr: `${chosen('candlegate_gateway_connections')} / ${chosen('candlegate_gateway_connections_limit')}`,
          legend: '{{instance}}',
        },
      ],
      thresholds: [{ from: 0.85, color: 'red' }],
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
