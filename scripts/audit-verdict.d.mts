/** What is read of a report of `npm audit --json` (version 2). */
export interface AuditReport {
  readonly vulnerabilities: Readonly<
    Record<string, { readonly via: readonly (string | Advisory)[] }>
  >;
}
export interface Advisory {
  readonly name: string;
  readonly title: string;
  /** `https://github.com/advisories/GHSA-…` */
  readonly url: string;
  readonly severity: string;
}
/** One entry of `audit-allowed.json`. */
export interface AllowedAdvisory {
  /** `GHSA-…` */
  readonly advisory: string;
  /** Why it does not concern candlegate. */
  readonly reason: string;
  /** The last day on which it is allowed, like `2026-11-26`. */
  readonly until: string;
}
export interface AuditVerdict {
  /** High and critical advisories that are not allowed. */
  readonly failures: readonly string[];
  readonly excused: readonly string[];
  /** Allowed ones that were not found: they can go. */
  readonly unused: readonly string[];
}
export function judgeAudit(
  report: AuditReport,
  allowed: readonly AllowedAdvisory[],
  today: string,
): AuditVerdict;
