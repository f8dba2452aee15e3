import { DEFAULT_SLOW_MS, faultSchema, slowQuery, type Fault } from '../../candle/rest.ts';
import type { SimulatedFaults } from '../session/simulated-faults.ts';
import type { HttpRequest } from './http.ts';
import { jsonAnswer } from './http.ts';
import { refuse } from './problem.ts';
import { readInteger, readQuery, refuseOtherParameters } from './query.ts';
import { under, type GuardedRoute } from './route.ts';

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
    answer(request, [connection = '', name = ''], { subject }) {
      if (faults === null) refuse('not_simulated', 'The prices of this gateway are real.');
      const fault = readFault(name);
      const bring = prepare(faults, fault, request);
      const met = bring({ subject, connection });
      if (met === 0) {
        refuse('unknown_connection', 'The subject has no connection of this name at this gateway.');
      }
      return jsonAnswer<Fault>({ connection, fault });
    },
  };
}

/** @throws ProblemError `unknown_path` */
function readFault(name: string): Fault['fault'] {
  const fault = faultSchema.shape.fault.safeParse(name);
  if (!fault.success) refuse('unknown_path', 'Faults are drop and slow.');
  return fault.data;
}

/** @throws ProblemError `invalid_query` */
function prepare(
  faults: SimulatedFaults,
  fault: Fault['fault'],
  { query }: HttpRequest,
): (filter: { readonly subject: string; readonly connection: string }) => number {
  if (fault === 'drop') {
    refuseOtherParameters(query, []);
    return (filter) => faults.drop(filter);
  }
  refuseOtherParameters(query, ['ms']);
  const ms = readInteger('ms', readQuery(query, ['ms']).ms, slowQuery.ms) ?? DEFAULT_SLOW_MS;
  return (filter) => faults.slowDown(filter, ms);
}
