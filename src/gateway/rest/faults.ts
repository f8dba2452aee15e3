import type { SimulatedFaults } from '../session/simulated-faults.ts';
import type { HttpRequest } from './http.ts';
import { jsonAnswer } from './http.ts';
import { refuse } from './problem.ts';
import { readInteger, readQuery, refuseOtherParameters } from './query.ts';
import { under, type GuardedRoute } from './route.ts';

const SLOW_RANGE = { min: 100, max: 120_000 } as const;
const DEFAULT_SLOW_MS = 5_000;

/**
 * `POST /api/v1/faults/{connection}/drop` and `…/slow?ms=`: faults of one connection of the
 * credential's own subject, at this gateway (docs/simulator.md).
 *
 * @param faults null where prices are real: then each is refused with `not_simulated`
 */
export function faultsRoute(faults: SimulatedFaults | null): GuardedRoute {
  return {
    name: 'faults',
    method: 'POST',
    needsToken: true,
    match: under('/api/v1/faults/', 2),
    answer(request, [connection = '', fault = ''], { subject }) {
      if (faults === null) refuse('not_simulated', 'The prices of this gateway are real.');
      const bring = readFault(faults, fault, request);
      const met = bring({ subject, connection });
      if (met === 0) {
        refuse('unknown_connection', 'The subject has no connection of this name at this gateway.');
      }
      return jsonAnswer({ connection, fault });
    },
  };
}

/** @throws ProblemError `unknown_path` or `invalid_query` */
function readFault(
  faults: SimulatedFaults,
  fault: string,
  { query }: HttpRequest,
): (filter: { readonly subject: string; readonly connection: string }) => number {
  switch (fault) {
    case 'drop':
      refuseOtherParameters(query, []);
      return (filter) => faults.drop(filter);
    case 'slow': {
      refuseOtherParameters(query, ['ms']);
      const ms = readInteger('ms', readQuery(query, ['ms']).ms, SLOW_RANGE) ?? DEFAULT_SLOW_MS;
      return (filter) => faults.slowDown(filter, ms);
    }
    default:
      refuse('unknown_path', 'Faults are drop and slow.');
  }
}
