import { describe, expect, it } from 'vitest';
import { explainLoadFailure } from '../../../src/gateway/server/uws.ts';

describe('a native binary that does not load', () => {
  it('is explained by the C library that it needs', () => {
    const error = new Error(
      "This version of uWS.js supports only …\n\nError: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.38' not found (required by uws_linux_x64_127.node)",
    );
    const sentence = explainLoadFailure(error);
    expect(sentence).toContain('needs GLIBC 2.38');
    expect(sentence).toContain('use Node 20');
    expect(sentence).not.toContain('\n');
  });

  it('is explained by the platform otherwise', () => {
    const sentence = explainLoadFailure(
      new Error('Cannot find module ./uws_linux_riscv64_127.node'),
    );
    expect(sentence).toContain(`${process.platform} ${process.arch}`);
    expect(sentence).not.toContain('riscv64_127');
  });
});
