/**
 * Tests of whole processes, Redis topologies and long waits that take longest: `npm run test:long` runs them, `npm test` leaves them out
 * to stay under three minutes. By name either way: `npm test -- secrets`.
 */
export const LONG_TESTS: readonly string[] = [
  'test/access/redis-cluster-access.test.ts',
  'test/api-docs/asyncapi-parser.test.ts',
  'test/bus/redis/cluster-faults.test.ts',
  'test/bus/redis/cluster.test.ts',
  'test/bus/redis/sentinel.test.ts',
  'test/bus/redis/tls.test.ts',
  'test/client/gateway.test.ts',
  'test/fuzz/fuzz.test.ts',
  'test/gateway/server/hardening.test.ts',
  'test/gateway/server/idle.test.ts',
  'test/gateway/server/slow-handshake.test.ts',
  'test/integration/access.test.ts',
  'test/integration/admin-port.test.ts',
  'test/integration/fleet-limits.test.ts',
  'test/integration/page.test.ts',
  'test/integration/reload-channels.test.ts',
  'test/integration/reload.test.ts',
  'test/integration/secrets.test.ts',
  'test/integration/status.test.ts',
  'test/integration/tls.test.ts',
  'test/integration/tokens.test.ts',
  'test/integration/traces.test.ts',
  'test/limits/redis/cluster-limits.test.ts',
  'test/page/page.test.ts',
  'test/protobuf/round-trip.property.test.ts',
  'test/protobuf/sizes.test.ts',
  'test/simulator/market.test.ts',
  'test/simulator/plausibility.test.ts',
];
