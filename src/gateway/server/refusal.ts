import type { HttpResponse } from 'uWebSockets.js';
import { problemAnswer, type Problem } from '../rest/problem.ts';
import { API_CONTENT_POLICY, SECURITY_HEADERS } from '../rest/security-headers.ts';
import { writeAnswer } from './http.ts';

/**
 * Answers with a problem document and ends the connection: a client that meant another protocol than
 * HTTP may go on in it, and nothing more is to be read from one that was refused.
 */
export function writeRefusal(response: HttpResponse, problem: Problem, method: string): void {
  const answer = problemAnswer(problem);
  const headers = {
    ...SECURITY_HEADERS,
    'Content-Security-Policy': API_CONTENT_POLICY,
    ...answer.headers,
  };
  writeAnswer(response, { ...answer, headers }, method, true);
}
