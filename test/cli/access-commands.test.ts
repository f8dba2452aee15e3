import { describe, expect, it } from 'vitest';
import { keyCommand } from '../../src/cli/commands/key.ts';
import { revokeCommand } from '../../src/cli/commands/revoke.ts';
import { EXIT, type Console } from '../../src/cli/console.ts';
import { buildProgram, runProgram } from '../../src/cli/program.ts';

/** Nothing listens there: what gets so far has passed every check. */
const NOWHERE = {
  CANDLEGATE_REDIS_URL: 'redis://127.0.0.1:1',
  CANDLEGATE_REDIS_COMMAND_TIMEOUT_MS: '100',
};

async function run(...args: string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const console: Console = {
    env: NOWHERE,
    out: (line) => out.push(line),
    err: (line) => err.push(line),
  };
  const program = buildProgram([keyCommand(console), revokeCommand(console)], '0', console);
  const code = await runProgram(program, args, console);
  return { code, stdout: out.join('\n'), stderr: err.join('\n') };
}

describe('the commands about access', () => {
  it.each([
    [
      'a key without a name',
      ['key', 'create', '--sub', 'x'],
      "option '--name <text>' not specified",
    ],
    ['a key without a subject', ['key', 'create', '--name', 'x'], "'--sub <name>' not specified"],
    ['an empty subject', ['key', 'create', '--name', 'x', '--sub', ' '], 'must not be empty'],
    ['a wrong life', ['key', 'create', '--name', 'x', '--sub', 'x', '--ttl', '5'], '90s, 15m, 1h'],
    [
      'channels that are none',
      ['key', 'create', '--name', 'x', '--sub', 'x', '--channels', 'candles:*'],
      '"candles:*" is no channel pattern',
    ],
    ['no key to revoke', ['key', 'revoke'], "missing required argument 'id'"],
    ['an unknown flag', ['key', 'list', '--jsom'], "unknown option '--jsom'"],
    ['nothing to revoke', ['revoke'], 'say one of --token, --subject and --key'],
    ['two things at once', ['revoke', '--token', 'a', '--key', 'b'], 'say one of --token'],
    ['a time that is none', ['revoke', '--token', 'a', '--until', 'soon'], '2026-12-31T12:00:00Z'],
    [
      'a time without a zone',
      ['revoke', '--key', 'a', '--until', '2030-01-01T00:00'],
      '7d from now',
    ],
    ['a wrong setting', ['key', 'list', '--redis-url', 'http://x'], 'CANDLEGATE_REDIS_URL'],
  ])('refuse %s, with exit code 2', async (_name, args, message) => {
    const { code, stdout, stderr } = await run(...args);
    expect({ code, stdout }).toEqual({ code: EXIT.usage, stdout: '' });
    expect(stderr).toContain(message);
  });

  it.each([
    ['key', 'create', '--name', 'x', '--sub', 'y', '--channels', 'candles:*:1m', '--ttl', '90d'],
    ['key', 'list', '--json'],
    ['key', 'revoke', 'abc'],
    ['revoke', '--token', 'a', '--until', '2030-01-01T00:00:00+01:00'],
    ['revoke', '--subject', 'a', '--until', '7d'],
    ['revoke', '--key', 'a'],
  ])('say in one line that there is no Redis: %s %s', async (...args) => {
    const { code, stdout, stderr } = await run(...args);
    expect({ code, stdout }).toEqual({ code: EXIT.failed, stdout: '' });
    expect(stderr).toMatch(
      /^candlegate: Redis at 127\.0\.0\.1\S* .*standalone process has none\.$/,
    );
  });
});
