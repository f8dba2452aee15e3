export interface PrometheusPrograms {
  /** Path of the server. */
  readonly prometheus: string;
  /** Path of promtool, of the same version. */
  readonly promtool: string;
  readonly version: string;
}

/**
 * Finds, or obtains, a Prometheus that tests can start.
 *
 * @throws with one sentence that says what to install
 */
export function findPrometheus(places?: {
  /** Folders as in the variable PATH. */
  readonly path?: string;
  readonly cache?: string;
}): Promise<PrometheusPrograms>;
