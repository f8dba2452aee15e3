// `npm run audit:production`: fails for high and critical advisories against what runs in production.
//
// An advisory that does not concern us goes into audit-allowed.json, with a reason and a last day. A
// registry that does not answer fails nothing, and is said.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { judgeAudit } from './audit-verdict.mjs';

const TIMEOUT_MS = 60_000;

const { stdout } = spawnSync('npm', ['audit', '--omit=dev', '--json', '--package-lock-only'], {
  cwd: path.join(import.meta.dirname, '..'),
  encoding: 'utf8',
  timeout: TIMEOUT_MS,
  stdio: ['ignore', 'pipe', 'ignore'],
});

/** @returns {import('./audit-verdict.mjs').AuditReport | null} */
function readReport() {
  try {
    const report = JSON.parse(stdout);
    return report.vulnerabilities === undefined ? null : report;
  } catch {
    return null;
  }
}

const report = readReport();
if (report === null) {
  console.log('Not audited: the registry does not answer questions about advisories.');
} else {
  const list = path.join(import.meta.dirname, 'audit-allowed.json');
  const allowed = JSON.parse(readFileSync(list, 'utf8'));
  const today = new Date().toISOString().slice(0, 10);
  const { failures, excused, unused } = judgeAudit(report, allowed, today);
  for (const text of excused) console.log(`allowed: ${text}`);
  for (const advisory of unused) console.log(`no longer found, take it off the list: ${advisory}`);
  for (const text of failures) console.log(`✗ ${text}`);
  if (failures.length === 0) console.log('No high or critical advisory that is not allowed.');
  process.exitCode = failures.length === 0 ? 0 : 1;
}
