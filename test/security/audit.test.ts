import { expect, it } from 'vitest';
import { judgeAudit, type AuditReport } from '../../scripts/audit-verdict.mjs';

const advisory = (id: string, severity: string) => ({
  name: 'some-package',
  title: 'Something is wrong',
  url: `https://github.com/advisories/${id}`,
  severity,
});
/** As `npm audit --json` reports: who uses a hurt package has an entry that names it. */
const REPORT: AuditReport = {
  vulnerabilities: {
    'some-package': { via: [advisory('GHSA-high', 'high'), advisory('GHSA-low', 'moderate')] },
    'its-user': { via: ['some-package'] },
    other: { via: [advisory('GHSA-critical', 'critical'), advisory('GHSA-high', 'high')] },
  },
};
const allow = (id: string, until: string) => ({ advisory: id, reason: 'a test', until });

it('fails for a high or critical advisory that is not on the list', () => {
  const { failures } = judgeAudit(REPORT, [], '2026-11-26');
  expect(failures).toEqual([
    'GHSA-high (high) in some-package: Something is wrong',
    'GHSA-critical (critical) in some-package: Something is wrong',
  ]);
  expect(judgeAudit({ vulnerabilities: {} }, [], '2026-11-26').failures).toEqual([]);
});

it('lets what is on the list pass until its last day, and says what has become needless', () => {
  const list = [
    allow('GHSA-high', '2026-11-26'),
    allow('GHSA-critical', '2026-11-25'),
    allow('GHSA-gone', '2027-01-01'),
  ];
  const { failures, excused, unused } = judgeAudit(REPORT, list, '2026-11-26');
  expect(failures).toEqual([expect.stringContaining('GHSA-critical')]);
  expect(excused).toEqual([expect.stringContaining('GHSA-high')]);
  expect(unused).toEqual(['GHSA-gone']);
});
