/** For each alert: series that make it fire, and nearly the same that do not. For promtool. */

export interface RuleCase {
  readonly alert: string;
  /** Prometheus' notation of series by name, one value a minute. */
  readonly fires: Readonly<Record<string, string>>;
  readonly quiet: Readonly<Record<string, string>>;
  /** When to look; default: after 20 minutes. */
  readonly at?: string;
}

const GATEWAY = 'job="gateway",instance="g"';
const INGEST = 'job="ingest",instance="i",role="ingest"';
const INGEST_2 = 'job="ingest",instance="j",role="ingest"';
const BUILD = { [`candlegate_build_info{${GATEWAY}}`]: '1x300' };

/** Of 1,000 messages a minute, so many take longer than 250 ms. */
function delivery(late: number, minutes: number): Record<string, string> {
  return {
    [`candlegate_delivery_latency_seconds_count{${GATEWAY}}`]: `0+1000x${minutes}`,
    [`candlegate_delivery_latency_seconds_bucket{${GATEWAY},le="0.25"}`]: `0+${1000 - late}x${minutes}`,
  };
}

/** A hundred messages a minute of one hop, so many of them above 250 ms. */
function hop(name: string, slow: number): Record<string, string> {
  const series = (le: string, perMinute: number) => ({
    [`candlegate_hop_latency_seconds_bucket{${INGEST},hop="${name}",le="${le}"}`]: `0+${perMinute}x60`,
  });
  return { ...series('0.25', 100 - slow), ...series('0.5', 100), ...series('+Inf', 100) };
}

const age = (channel: string) =>
  `candlegate_gateway_newest_candle_age_seconds{${GATEWAY},channel="${channel}"}`;
const upgrades = (outcome: string) =>
  `candlegate_gateway_upgrades_total{${GATEWAY},outcome="${outcome}"}`;

export const RULE_CASES: readonly RuleCase[] = [
  {
    alert: 'CandlegateDeliveryBudgetBurnsFast',
    fires: delivery(20, 80),
    quiet: delivery(10, 80),
    at: '75m',
  },
  {
    // What has stopped burning does not page any more, however bad the hour was.
    alert: 'CandlegateDeliveryBudgetBurnsFast',
    fires: delivery(1000, 80),
    quiet: {
      [`candlegate_delivery_latency_seconds_count{${GATEWAY}}`]: '0+1000x80',
      [`candlegate_delivery_latency_seconds_bucket{${GATEWAY},le="0.25"}`]: '0+0x60 1000+1000x20',
    },
    at: '75m',
  },
  {
    alert: 'CandlegateDeliveryBudgetBurns',
    fires: delivery(8, 400),
    quiet: delivery(4, 400),
    at: '390m',
  },
  {
    alert: 'CandlegateDeliveryBudgetBurnsSlowly',
    fires: delivery(2, 600),
    quiet: delivery(0.5, 600),
    at: '590m',
  },
  { alert: 'CandlegateHopSlow', fires: hop('bus', 5), quiet: hop('bus', 0) },
  { alert: 'CandlegateHopSlow', fires: hop('exchange', 50), quiet: hop('client', 50) },
  {
    alert: 'CandlegateStaleData',
    fires: { [age('a')]: '80+60x30', [age('b')]: '90+60x30' },
    quiet: { [age('a')]: '80+60x30', [age('b')]: '5x30' },
  },
  {
    // Also while gateways cannot tell ages, because nobody knows the exchange's clock.
    alert: 'CandlegateStaleData',
    fires: {
      [`candlegate_ingest_last_data_age_seconds{${INGEST}}`]: '80+60x30',
      [`candlegate_ingest_last_data_age_seconds{${INGEST_2}}`]: '90+60x30',
    },
    quiet: {
      [`candlegate_ingest_last_data_age_seconds{${INGEST}}`]: '80+60x30',
      [`candlegate_ingest_last_data_age_seconds{${INGEST_2}}`]: '1x30',
    },
  },
  {
    alert: 'CandlegateChannelStale',
    fires: { [age('a')]: '80+60x30', [age('b')]: '5x30' },
    quiet: { [age('a')]: '80+60x30', [age('b')]: '80+60x30' },
  },
  {
    alert: 'CandlegateClocksDisagree',
    fires: {
      [`candlegate_clock_skew_total{${GATEWAY},hop="bus"}`]: '0+30x60',
      [`candlegate_hop_latency_seconds_count{${GATEWAY},hop="bus"}`]: '0+100x60',
    },
    quiet: {
      [`candlegate_clock_skew_total{${GATEWAY},hop="bus"}`]: '0+10x60',
      [`candlegate_hop_latency_seconds_count{${GATEWAY},hop="bus"}`]: '0+100x60',
    },
  },
  {
    // What clients report is a stranger's word.
    alert: 'CandlegateClocksDisagree',
    fires: {
      [`candlegate_clock_skew_total{${GATEWAY},hop="gateway"}`]: '0+30x60',
      [`candlegate_hop_latency_seconds_count{${GATEWAY},hop="gateway"}`]: '0+100x60',
    },
    quiet: {
      [`candlegate_clock_skew_total{${GATEWAY},hop="client"}`]: '0+90x60',
      [`candlegate_hop_latency_seconds_count{${GATEWAY},hop="client"}`]: '0+100x60',
    },
  },
  {
    alert: 'CandlegateNoLeader',
    fires: {
      [`candlegate_ingest_leader{${INGEST}}`]: '0x60',
      [`candlegate_ingest_leader{${INGEST_2}}`]: '0x60',
    },
    quiet: {
      [`candlegate_ingest_leader{${INGEST}}`]: '0x60',
      [`candlegate_ingest_leader{${INGEST_2}}`]: '1x60',
    },
  },
  {
    alert: 'CandlegateNoLeader',
    fires: { [`candlegate_gateway_connections{${GATEWAY}}`]: '1x60' },
    quiet: { [`candlegate_ingest_leader{${INGEST}}`]: '1x60' },
  },
  {
    alert: 'CandlegateTwoLeaders',
    fires: {
      [`candlegate_ingest_leader{${INGEST}}`]: '1x60',
      [`candlegate_ingest_leader{${INGEST_2}}`]: '1x60',
    },
    quiet: {
      'candlegate_ingest_leader{job="ingest",instance="s1",role="standalone"}': '1x60',
      'candlegate_ingest_leader{job="ingest",instance="s2",role="standalone"}': '1x60',
    },
  },
  {
    alert: 'CandlegateLeaderChangesOften',
    fires: { [`candlegate_ingest_fence_token{${INGEST}}`]: '1+1x60' },
    quiet: { [`candlegate_ingest_fence_token{${INGEST}}`]: '1x15 2x45' },
  },
  {
    alert: 'CandlegateExchangeConnectionsMissing',
    fires: {
      [`candlegate_ingest_upstream_connections_wanted{${INGEST}}`]: '2x60',
      [`candlegate_ingest_upstream_connections{${INGEST}}`]: '1x60',
    },
    quiet: {
      [`candlegate_ingest_upstream_connections_wanted{${INGEST}}`]: '2x60',
      [`candlegate_ingest_upstream_connections{${INGEST}}`]: '2x60',
    },
  },
  {
    alert: 'CandlegateExchangeReconnectsOften',
    fires: { [`candlegate_ingest_reconnects_total{${INGEST},reason="closed"}`]: '0+1x60' },
    quiet: { [`candlegate_ingest_reconnects_total{${INGEST},reason="closed"}`]: '0+0x15 1+0x45' },
  },
  {
    alert: 'CandlegateExchangeRestFails',
    fires: {
      [`candlegate_ingest_rest_calls_total{${INGEST},outcome="ok"}`]: '0+4x60',
      [`candlegate_ingest_rest_calls_total{${INGEST},outcome="timeout"}`]: '0+6x60',
    },
    quiet: {
      [`candlegate_ingest_rest_calls_total{${INGEST},outcome="ok"}`]: '0+6x60',
      [`candlegate_ingest_rest_calls_total{${INGEST},outcome="timeout"}`]: '0+4x60',
    },
  },
  {
    alert: 'CandlegateClosedCandlesHeld',
    fires: { [`candlegate_ingest_held_closes{${INGEST}}`]: '3x60' },
    quiet: { [`candlegate_ingest_held_closes{${INGEST}}`]: '3x5 0x55' },
  },
  {
    alert: 'CandlegateClosedCandlesLost',
    fires: { [`candlegate_ingest_lost_closes_total{${INGEST},reason="given_up"}`]: '0x5 1x55' },
    quiet: { [`candlegate_ingest_lost_closes_total{${INGEST},reason="late"}`]: '1x60' },
  },
  {
    alert: 'CandlegateTopicsRefused',
    fires: { [`candlegate_ingest_refused_topics{${INGEST}}`]: '1x60' },
    quiet: { [`candlegate_ingest_refused_topics{${INGEST}}`]: '0x60' },
  },
  {
    alert: 'CandlegatePublishFails',
    fires: { [`candlegate_ingest_publications_total{${INGEST},result="failed"}`]: '0+1x60' },
    quiet: { [`candlegate_ingest_publications_total{${INGEST},result="published"}`]: '0+1x60' },
  },
  {
    alert: 'CandlegateConfirmationsDiffer',
    fires: {
      [`candlegate_ingest_differing_confirmations_total{${INGEST},origin="rest"}`]: '0x5 1x55',
    },
    quiet: { [`candlegate_ingest_differing_confirmations_total{${INGEST},origin="rest"}`]: '1x60' },
  },
  {
    alert: 'CandlegateExchangeClockOff',
    fires: {
      [`candlegate_ingest_clock_offset_seconds{${INGEST}}`]: '-0.7x60',
      [`candlegate_ingest_clock_offset_error_seconds{${INGEST}}`]: '0.1x60',
    },
    quiet: {
      [`candlegate_ingest_clock_offset_seconds{${INGEST}}`]: '-0.7x60',
      [`candlegate_ingest_clock_offset_error_seconds{${INGEST}}`]: '0.3x60',
    },
  },
  {
    alert: 'CandlegateExchangeClockUnknown',
    fires: { [`candlegate_ingest_clock_offset_measurable{${INGEST}}`]: '0x60' },
    quiet: { [`candlegate_ingest_clock_offset_measurable{${INGEST}}`]: '0x5 1x55' },
  },
  {
    alert: 'CandlegateNoGateway',
    fires: { [`candlegate_ingest_leader{${INGEST}}`]: '1x60' },
    quiet: { [`candlegate_gateway_connections{${GATEWAY}}`]: '0x60' },
  },
  {
    alert: 'CandlegateBusLost',
    fires: { [`candlegate_gateway_bus_connected{${GATEWAY}}`]: '0x60' },
    quiet: { [`candlegate_gateway_bus_connected{${GATEWAY}}`]: '1x60' },
  },
  {
    alert: 'CandlegateRepairsOften',
    fires: {
      [`candlegate_gateway_repairs_total{${GATEWAY},cause="gap"}`]: '0+1x60',
      [`candlegate_gateway_channel_subscribers{${GATEWAY},channel="a"}`]: '1x60',
    },
    quiet: {
      [`candlegate_gateway_repairs_total{${GATEWAY},cause="subscription"}`]: '0+1x60',
      [`candlegate_gateway_channel_subscribers{${GATEWAY},channel="a"}`]: '1x60',
    },
  },
  {
    alert: 'CandlegateHistoryHoles',
    fires: { [`candlegate_gateway_history_holes_total{${GATEWAY}}`]: '0x5 1x55' },
    quiet: { [`candlegate_gateway_history_holes_total{${GATEWAY}}`]: '1x60' },
  },
  {
    alert: 'CandlegateBusMessagesUnusable',
    fires: {
      [`candlegate_gateway_ignored_bus_messages_total{${GATEWAY},reason="malformed"}`]: '0x15 1x45',
    },
    quiet: {
      [`candlegate_gateway_ignored_bus_messages_total{${GATEWAY},reason="malformed"}`]: '1x60',
    },
  },
  {
    alert: 'CandlegateUpgradesFail',
    fires: { [upgrades('accepted')]: '0+90x60', [upgrades('store_unavailable')]: '0+10x60' },
    quiet: { [upgrades('accepted')]: '0+90x60', [upgrades('expired_token')]: '0+10x60' },
  },
  {
    alert: 'CandlegateUpgradesRefused',
    fires: { [upgrades('accepted')]: '0+40x60', [upgrades('expired_token')]: '0+60x60' },
    quiet: { [upgrades('accepted')]: '0+60x60', [upgrades('expired_token')]: '0+40x60' },
  },
  {
    // So few are no matter, whatever their share.
    alert: 'CandlegateUpgradesRefused',
    fires: { [upgrades('accepted')]: '0+0x60', [upgrades('missing_token')]: '0+60x60' },
    quiet: { [upgrades('accepted')]: '0+0x60', [upgrades('missing_token')]: '0+1x60' },
  },
  {
    alert: 'CandlegateSlowClients',
    fires: {
      [`candlegate_gateway_lagging_connections{${GATEWAY}}`]: '20x60',
      [`candlegate_gateway_connections{${GATEWAY}}`]: '100x60',
    },
    quiet: {
      [`candlegate_gateway_lagging_connections{${GATEWAY}}`]: '2x60',
      [`candlegate_gateway_connections{${GATEWAY}}`]: '3x60',
    },
  },
  {
    alert: 'CandlegateHandlerFaults',
    fires: {
      [`candlegate_gateway_handler_failures_total{${GATEWAY},handler="upgrade"}`]: '0x15 1x45',
    },
    quiet: { [`candlegate_gateway_handler_failures_total{${GATEWAY},handler="upgrade"}`]: '1x60' },
  },
  {
    alert: 'CandlegateDrainStuck',
    fires: { [`candlegate_gateway_draining{${GATEWAY}}`]: '1x60' },
    quiet: { [`candlegate_gateway_draining{${GATEWAY}}`]: '0x18 1x1 0x30' },
  },
  {
    alert: 'CandlegateInstanceDown',
    fires: { ...BUILD, [`up{${GATEWAY}}`]: '1x10 0x50' },
    // Of another product.
    quiet: { ...BUILD, 'up{job="gateway",instance="x"}': '1x10 0x50' },
  },
  {
    alert: 'CandlegateRestartLoop',
    fires: { ...BUILD, [`process_start_time_seconds{${GATEWAY}}`]: '0+120x60' },
    quiet: { ...BUILD, [`process_start_time_seconds{${GATEWAY}}`]: '0x15 900x45' },
  },
  {
    alert: 'CandlegateEventLoopSlow',
    fires: { ...BUILD, [`nodejs_eventloop_lag_p99_seconds{${GATEWAY}}`]: '0.3x60' },
    quiet: { ...BUILD, [`nodejs_eventloop_lag_p99_seconds{${GATEWAY}}`]: '0.02x60' },
  },
  {
    alert: 'CandlegateConnectionsNearCap',
    fires: {
      [`candlegate_gateway_connections{${GATEWAY}}`]: '900x60',
      [`candlegate_gateway_connections_limit{${GATEWAY}}`]: '1000x60',
    },
    quiet: {
      [`candlegate_gateway_connections{${GATEWAY}}`]: '800x60',
      [`candlegate_gateway_connections_limit{${GATEWAY}}`]: '1000x60',
    },
  },
  {
    alert: 'CandlegateFileDescriptorsNearCap',
    fires: {
      ...BUILD,
      [`process_open_fds{${GATEWAY}}`]: '900x60',
      [`process_max_fds{${GATEWAY}}`]: '1000x60',
    },
    quiet: {
      ...BUILD,
      [`process_open_fds{${GATEWAY}}`]: '800x60',
      [`process_max_fds{${GATEWAY}}`]: '1000x60',
    },
  },
  {
    alert: 'CandlegateRevocationsStale',
    fires: { [`candlegate_gateway_revocation_sync_age_seconds{${GATEWAY}}`]: '0+60x60' },
    quiet: { [`candlegate_gateway_revocation_sync_age_seconds{${GATEWAY}}`]: '20x60' },
  },
  {
    alert: 'CandlegateIssuerKeysNotFetched',
    fires: {
      [`candlegate_gateway_jwks_refreshes_total{${GATEWAY},outcome="failed"}`]: '0+1x60',
      [`candlegate_gateway_jwks_refreshes_total{${GATEWAY},outcome="ok"}`]: '5x60',
    },
    quiet: {
      [`candlegate_gateway_jwks_refreshes_total{${GATEWAY},outcome="failed"}`]: '0+1x60',
      [`candlegate_gateway_jwks_refreshes_total{${GATEWAY},outcome="ok"}`]: '0+1x60',
    },
  },
  {
    alert: 'CandlegateLimiterDegraded',
    fires: { [`candlegate_limits_degraded{${GATEWAY}}`]: '1x60' },
    quiet: { [`candlegate_limits_degraded{${GATEWAY}}`]: '0x60' },
  },
  {
    alert: 'CandlegateHostClocksDiffer',
    fires: {
      [`candlegate_bus_clock_offset_seconds{${GATEWAY}}`]: '-0.4x60',
      [`candlegate_bus_clock_offset_seconds{${INGEST}}`]: '0.4x60',
    },
    quiet: {
      [`candlegate_bus_clock_offset_seconds{${GATEWAY}}`]: '2.4x60',
      [`candlegate_bus_clock_offset_seconds{${INGEST}}`]: '2.3x60',
    },
  },
];
