/**
 * Which advisories of a report of `npm audit --json` fail the build.
 *
 * @param {import('./audit-verdict.mjs').AuditReport} report
 * @param {readonly import('./audit-verdict.mjs').AllowedAdvisory[]} allowed
 * @param {string} today like `2026-11-26`
 * @returns {import('./audit-verdict.mjs').AuditVerdict}
 */
export function judgeAudit(report, allowed, today) {
  const found = new Map();
  for (const { via } of Object.values(report.vulnerabilities)) {
    // A text names another package, which has an entry of its own.
    for (const cause of via) {
      if (typeof cause === 'string' || !['high', 'critical'].includes(cause.severity)) continue;
      const id = cause.url.split('/').at(-1);
      found.set(id, `${id} (${cause.severity}) in ${cause.name}: ${cause.title}`);
    }
  }
  const current = allowed.filter(({ until }) => until >= today);
  const known = new Set(current.map(({ advisory }) => advisory));
  return {
    failures: [...found].filter(([id]) => !known.has(id)).map(([, text]) => text),
    excused: [...found].filter(([id]) => known.has(id)).map(([, text]) => text),
    unused: allowed.filter(({ advisory }) => !found.has(advisory)).map(({ advisory }) => advisory),
  };
}
