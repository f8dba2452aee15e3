import type { Tool } from './tools.mjs';

/**
 * Finds, or obtains, HAProxy.
 *
 * @throws Error with one sentence that says what to install
 */
export declare function findHaproxy(): Promise<Tool>;
