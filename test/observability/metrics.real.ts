import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { promtool } from '../support/prometheus.ts';
import { adminAddress, startRole, type RoleProcess } from '../support/role-process.ts';
import { startDeployment, type Deployment } from './deployment.ts';

describe('promtool check metrics finds nothing to say about', () => {
  let deployment: Deployment;
  let standalone: RoleProcess;

  beforeAll(async () => {
    deployment = await startDeployment({ clients: [1, 1] });
    standalone = startRole(['standalone'], {
      CANDLEGATE_FEED: 'simulator',
      CANDLEGATE_LOG_FORMAT: 'json',
    });
  });
  afterAll(async () => {
    await standalone.stop('SIGKILL');
    await deployment.stop();
  });

  it.each(['gateway', 'ingest', 'standalone'] as const)('a %s', async (role) => {
    const { rig } = deployment;
    const addresses = {
      gateway: () => Promise.resolve(rig.gateways[0].admin),
      ingest: () => Promise.resolve(rig.ingests[0].admin),
      standalone: () => adminAddress(standalone),
    };
    const response = await fetch(`${await addresses[role]()}/metrics`);
    const text = await response.text();
    expect(text).toContain('candlegate_build_info{');
    expect(await promtool(['check', 'metrics'], text)).toBe('');
  });
});
