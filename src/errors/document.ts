import { ERROR_TABLE, type ErrorDefinition } from './table.js';

/** The text of docs/errors.md: every code with its class, scope, level, message and advice. */
export function renderErrorDocs(): string {
  const lines = [
    '# Errors',
    '',
    'Made from `src/errors/table.ts` by `node tools/generate-docs.mjs`; do not edit.',
    '',
    'An error is shown as `[code=..:class=..:scope=..:level=..], Message: .., RawCause: .., Workaround: ..`; parts without',
    'content are left out. `query-status` shows the same as JSON. Codes, classes, scopes, levels and messages are those of',
    'DM 5.3; a code never changes its meaning. `%s`, `%d` and `%v` stand for details. The scope `not-set` is replaced by',
    '`upstream` or `downstream` when the failing request went there.',
    '',
    '- level `low`: wrong input; nothing is affected.',
    '- level `medium`: wrong configuration; something new cannot be started, what runs goes on.',
    '- level `high`: a task may be interrupted and needs attention.',
    '',
  ];
  let group = '';
  for (const [code, definition] of Object.entries<ErrorDefinition>(ERROR_TABLE)) {
    const title = groupOf(Number(code));
    if (title !== group)
      lines.push(
        `## ${title}`,
        '',
        '| Code | Class | Scope | Level | Message | What to do |',
        '|---|---|---|---|---|---|',
      );
    group = title;
    const { class: errClass, scope, level, message, workaround } = definition;
    lines.push(`| ${code} | ${errClass} | ${scope} | ${level} | ${cell(message)} | ${cell(workaround ?? '')} |`);
    if (groupOf(nextCode(Number(code))) !== group) lines.push('');
  }
  return `${lines.join('\n').trimEnd()}\n`;
}

const CODES = Object.keys(ERROR_TABLE).map(Number);

function nextCode(code: number): number {
  return CODES[CODES.indexOf(code) + 1] ?? 0;
}

const GROUPS: readonly (readonly [from: number, title: string])[] = [
  [50_000, 'Without a code of its own'],
  [49_000, 'OpenAPI'],
  [48_000, 'dmctl'],
  [46_000, 'Scheduling of tasks, sources and workers'],
  [44_000, 'Schema tracker'],
  [40_000, 'dm-worker'],
  [38_000, 'dm-master and communication'],
  [36_000, 'Sync unit'],
  [34_000, 'Load unit'],
  [32_000, 'Dump unit'],
  [30_000, 'Relay unit'],
  [28_000, 'Relay events'],
  [26_000, 'Prechecks'],
  [24_000, 'Checkpoints'],
  [22_000, 'Binlog files'],
  [20_000, 'Configuration'],
  [11_000, 'Basic functions'],
  [10_000, 'Databases'],
];

function groupOf(code: number): string {
  return GROUPS.find(([from]) => code >= from)?.[1] ?? '';
}

/** Text of a table cell: place holders, backticks and bars shown as they are. */
function cell(text: string): string {
  return text
    .replaceAll('|', '\\|')
    .replaceAll('\n', ' ')
    .replaceAll(/([_*<>])/g, '\\$1');
}
