#!/usr/bin/env node
import { configCommand } from './cli/commands/config.ts';
import { gatewayCommand } from './cli/commands/gateway.ts';
import { healthCommand } from './cli/commands/health.ts';
import { ingestCommand } from './cli/commands/ingest.ts';
import { keyCommand } from './cli/commands/key.ts';
import { revokeCommand } from './cli/commands/revoke.ts';
import { simulatorCommand } from './cli/commands/simulator.ts';
import { standaloneCommand } from './cli/commands/standalone.ts';
import { statusCommand } from './cli/commands/status.ts';
import { streamCommand } from './cli/commands/stream.ts';
import { tokenCommand } from './cli/commands/token.ts';
import { processConsole } from './cli/console.ts';
import { buildProgram, runProgram } from './cli/program.ts';
import { packageVersion } from './cli/version.ts';

const console = processConsole();
/** In the order of `--help`. What a command needs beyond its flags is loaded when it runs. */
const commands = [
  standaloneCommand(console),
  ingestCommand(console),
  gatewayCommand(console),
  simulatorCommand(console),
  streamCommand(console),
  statusCommand(console),
  tokenCommand(console),
  keyCommand(console),
  revokeCommand(console),
  configCommand(console),
  healthCommand(console),
];
const program = buildProgram(commands, packageVersion(), console);
process.exitCode = await runProgram(program, process.argv.slice(2), console);
