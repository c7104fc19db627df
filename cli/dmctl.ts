#!/usr/bin/env node
import { readFileSync, writeFileSync } from 'node:fs';
import { CommanderError } from 'commander';
import { Session, type DmctlContext } from './commands/context.js';
import { normalizeArguments, type GlobalOptions } from './commands/global-options.js';
import { runInteractive } from './commands/interactive.js';
import { createProgram, runCommandLine } from './commands/program.js';

const session = new Session();

function contextOf(signal: AbortSignal): DmctlContext {
  return {
    output: {
      out: (text) => void process.stdout.write(text),
      err: (text) => void process.stderr.write(text),
      // Some terminals do not tell their width.
      ...(process.stdout.isTTY ? { columns: process.stdout.columns || 80 } : {}),
    },
    services: (options) => session.services(options),
    signal,
    readFile: (path) => readFileSync(path, 'utf8'),
    writeFile: (path, text) => writeFileSync(path, text),
  };
}

/** Global options when nothing but these was given: then dmctl is interactive. */
function interactiveOptions(argv: readonly string[]): GlobalOptions | undefined {
  const words = normalizeArguments(argv);
  if (words.some((word) => /^(-V|-h|--help|--version|--encrypt|--decrypt)(=|$)/.test(word))) return undefined;
  const probe = createProgram(contextOf(new AbortController().signal));
  probe.configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
  try {
    const { operands, unknown } = probe.parseOptions([...words]);
    return operands.length === 0 && unknown.length === 0 ? probe.opts<GlobalOptions>() : undefined;
  } catch (error) {
    // A bad option: the one-shot mode tells of it.
    if (error instanceof CommanderError) return undefined;
    throw error;
  }
}

async function main(argv: readonly string[]): Promise<number> {
  const global = interactiveOptions(argv);
  if (global === undefined) {
    const interrupt = new AbortController();
    process.once('SIGINT', () => {
      interrupt.abort();
      process.once('SIGINT', () => process.exit(130));
    });
    return (await runCommandLine(contextOf(interrupt.signal), argv)).exitCode;
  }
  const terminal = { input: process.stdin, output: process.stdout, isTty: process.stdin.isTTY };
  await runInteractive(terminal, normalizeArguments(argv), global, contextOf);
  return 0;
}

process.exitCode = await main(process.argv.slice(2));
await session.close();
