#!/usr/bin/env node
import { configCommand } from './cli/commands/config.ts';
import { streamCommand } from './cli/commands/stream.ts';
import { tokenCommand } from './cli/commands/token.ts';
import { processConsole } from './cli/console.ts';
import { buildProgram, runProgram } from './cli/program.ts';
import { packageVersion } from './cli/version.ts';

const console = processConsole();
/** In the order of `--help`. What a command needs beyond its flags is loaded when it runs. */
const commands = [tokenCommand(console), streamCommand(console), configCommand(console)];
const program = buildProgram(commands, packageVersion(), console);
process.exitCode = await runProgram(program, process.argv.slice(2), console);
