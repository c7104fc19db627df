import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Names that only the cluster knows. */
export interface CompletionNames {
  tasks: readonly string[];
  sources: readonly string[];
}

const COMMAND_FLAGS: Record<string, readonly string[]> = {
  'check-config': ['--source-file', '--start-time'],
  'check-task': ['--error', '--warn'],
  ddl: [],
  decrypt: [],
  encrypt: [],
  exit: [],
  'get-config': ['--file'],
  'get-task-template': [],
  help: [],
  'list-member': ['--leader', '--master', '--worker', '--name'],
  'operate-source': ['--print-sample-config'],
  'pause-task': ['--batch-size'],
  'query-status': ['--more', '--watch', '--interval'],
  'resume-task': ['--batch-size'],
  'start-task': ['--remove-meta', '--start-time'],
  'stop-task': ['--batch-size'],
};

const TASK_COMMANDS = ['pause-task', 'resume-task', 'stop-task', 'query-status'];
const FILE_COMMANDS = ['check-config', 'check-task', 'start-task'];

/** Ways to end the last word of a line, and that word, as readline wants them. */
export function complete(line: string, names: CompletionNames): [string[], string] {
  const words = line.split(/\s+/).filter((word, index, all) => word !== '' || index === all.length - 1);
  const last = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const fitting = candidates(before, last, names).filter((word) => word.startsWith(last));
  return [fitting.map((word) => (word.endsWith('/') ? word : `${word} `)), last];
}

function candidates(before: readonly string[], last: string, names: CompletionNames): readonly string[] {
  const [command] = before;
  if (command === undefined) return Object.keys(COMMAND_FLAGS);
  const previous = before.at(-1);
  if (previous === '-s' || previous === '--source') return names.sources;
  if (previous === '--source-file') return files(last);
  if (last.startsWith('-')) return [...(COMMAND_FLAGS[command] ?? []), '--source', '--help'];
  if (command === 'help') return Object.keys(COMMAND_FLAGS);
  if (TASK_COMMANDS.includes(command)) return names.tasks;
  if (FILE_COMMANDS.includes(command)) return files(last);
  if (command === 'operate-source') return operateSource(before, last, names);
  if (command === 'get-config') return getConfig(before, names);
  return command === 'ddl' ? ['inspect'] : [];
}

function operateSource(before: readonly string[], last: string, names: CompletionNames): readonly string[] {
  if (before.length === 1) return ['create', 'update', 'stop', 'show'];
  const sources = ['stop', 'show'].includes(before[1]) ? names.sources : [];
  return [...sources, ...files(last)];
}

function getConfig(before: readonly string[], names: CompletionNames): readonly string[] {
  if (before.length === 1) return ['task', 'source', 'worker', 'master'];
  if (before[1] === 'task') return names.tasks;
  return before[1] === 'source' ? names.sources : [];
}

/** YAML files and directories that continue a path. */
function files(typed: string): string[] {
  const directory = typed.endsWith('/') ? typed : dirname(typed);
  const prefix = typed.includes('/') ? (typed.endsWith('/') ? typed : `${dirname(typed)}/`) : '';
  try {
    return readdirSync(typed === '' ? '.' : directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() || /\.ya?ml$/i.test(entry.name))
      .map(
        (entry) =>
          `${prefix === './' ? './' : prefix === '' ? '' : join(prefix, '/')}${entry.name}${entry.isDirectory() ? '/' : ''}`,
      );
  } catch {
    return [];
  }
}
