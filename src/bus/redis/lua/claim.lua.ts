import { PROLOGUE } from './prologue.lua.ts';

/**
 * Writes the fence and reads the head.
 *
 *   KEYS[1..2], ARGV[1..3]  see the prologue
 *
 * Answers {'claimed', epoch, offset, lastClosed or false, openStart or false, openExchange or false}
 * or {'fenced', token, worker}.
 */
export const CLAIM = `${PROLOGUE}
return answer('claimed', openStart, openExchange)
`;
