import { z } from 'zod';

import { sourceFileSchema } from './source-schema.js';
import { taskFileSchema } from './task-schema.js';

/** What the JSON Schema of a file says about one key. */
interface KeySchema {
  type?: string | string[];
  description?: string;
  default?: unknown;
  deprecated?: boolean;
  enum?: unknown[];
  properties?: Record<string, KeySchema>;
  required?: string[];
  items?: KeySchema;
  additionalProperties?: KeySchema | boolean;
  anyOf?: KeySchema[];
}

/** JSON Schema of task files, for editors: `# yaml-language-server: $schema=...`. */
export function taskJsonSchema(): object {
  return jsonSchema(taskFileSchema, 'Task file of Data Migration on Temporal');
}

/** JSON Schema of source files. */
export function sourceJsonSchema(): object {
  return jsonSchema(sourceFileSchema, 'Source file of Data Migration on Temporal');
}

/** In the draft that editors know best. */
function jsonSchema(schema: z.ZodType, title: string): object {
  const plain = z.toJSONSchema(schema, { target: 'draft-7' }) as KeySchema;
  return { ...asWritten(plain), title };
}

/**
 * The schema of what may be written instead of what it means: a number or boolean where a text is wanted, no value where
 * a key may be absent.
 */
function asWritten(schema: KeySchema): KeySchema {
  const result: KeySchema = { ...schema };
  if (schema.type === 'string' && schema.enum === undefined) result.type = ['string', 'number', 'boolean'];
  if (schema.items !== undefined) result.items = asWritten(schema.items);
  if (schema.anyOf !== undefined) result.anyOf = schema.anyOf.map(asWritten);
  if (typeof schema.additionalProperties === 'object') {
    result.additionalProperties = orNothing(asWritten(schema.additionalProperties));
  }
  if (schema.properties !== undefined) {
    const required = new Set(schema.required);
    result.properties = Object.fromEntries(
      Object.entries(schema.properties).map(([name, key]) => {
        const written = asWritten(key);
        return [name, required.has(name) ? written : orNothing(written)];
      }),
    );
  }
  return result;
}

function orNothing(schema: KeySchema): KeySchema {
  const { type, enum: values } = schema;
  if (type === undefined) return schema;
  return {
    ...schema,
    type: [...(typeof type === 'string' ? [type] : type), 'null'],
    ...(values === undefined ? {} : { enum: [...values, null] }),
  };
}

/** The text of docs/configuration.md: every key of task and source files. */
export function renderConfigurationDocs(): string {
  return `# Configuration files

Made from the schemas in \`src/config\` by \`node tools/generate-docs.mjs\`; do not edit.

Files are YAML. Unknown keys, keys that stand twice and values of a wrong type are errors that name file, line, column and
key; all of them are listed at once. Where a text is wanted, a number or \`true\` counts as the text it is written as, so
\`password: 0123\` needs no quotes. A key without a value counts as absent. The JSON Schemas of both files,
[task.schema.json](schemas/task.schema.json) and [source.schema.json](schemas/source.schema.json), let editors complete and
check them.

Keys of features that this version does not have (shard merge, relay log) are known, but a file that asks for one of them is
refused. Keys that old files hold and that have no effect any more are accepted with a remark.

Passwords may be plain or as printed by \`dmctl encrypt\` (AES-256 in CFB mode, the form of DM). The key for that comes from
\`DM_PASSWORD_KEY\` (16, 24 or 32 bytes) or the file that \`DM_PASSWORD_KEY_FILE\` names; without either a development key is
used, which is public. Files encrypted by DM's own dmctl can be read with DM's key. Before anything is sent to Temporal,
passwords and TLS keys are sealed with another key (\`DM_SECRET_KEY\`), whatever form they have in the file.

## Task file

Read by \`check-config\`, \`check-task\` and \`start-task\`; \`get-task-template\` prints one to start from. A task keeps the configuration it was started with: to change it, stop the task,
edit the file and start it again.

${section(taskJsonSchema(), '')}
Passwords, start positions and names beyond this:

- \`name\` has at most 43 characters, for its tables downstream are named after it, and no slash.
- \`meta\` counts only with \`task-mode: incremental\` and only while the downstream has no checkpoint of the task.
- An instance that names no section of \`mydumpers\`, \`loaders\` or \`syncers\` gets the defaults, and a section that no
  instance names is an error (20038).
- A number of 0 means the default, as in DM.
- Of two keys that say the same: \`mydumper-thread\`, \`loader-thread\` and \`syncer-thread\` win over the sections,
  \`extra-args\` over the keys beside them, \`do-dbs\` and \`do-tables\` over their \`ignore-\` lists; \`black-white-list\`
  counts only without \`block-allow-list\`, and \`time_zone\` of \`session\` only without \`timezone\`.
- A source's own \`filters\` are added to those that its instance names, with the \`case-sensitive\` of the source file.
- The files of \`security\` are read where dmctl runs.
- Every task reads its source under a replica id of its own, derived from the source's id and the task's name, so that
  several tasks can share a source. A \`server-id\` in the source file is used as it is and serves one task at a time.

## Source file

Read by \`operate-source create\` and \`operate-source update\`. \`operate-source create --print-sample-config\` prints one to
start from.

${section(sourceJsonSchema(), '')}`;
}

/** A table for one map of keys, and one for each map inside it. */
function section(schema: KeySchema, path: string): string {
  const rows: string[] = [];
  const inner: string[] = [];
  for (const [name, key] of Object.entries(schema.properties ?? {})) {
    rows.push(`| \`${name}\` | ${typeOf(key)} | ${defaultOf(key)} | ${meaningOf(key)} |`);
    const nested = mapInside(key);
    if (nested !== undefined) inner.push(section(nested.schema, `${path}${name}${nested.suffix}`));
  }
  const title = path === '' ? '' : `### \`${path.slice(0, -1)}\`\n\n`;
  return `${title}| Key | Type | Default | Meaning |\n|---|---|---|---|\n${rows.join('\n')}\n\n${inner.join('')}`;
}

/** The keys that stand below a key: of the map itself, of each item of a list, of each named entry. */
function mapInside(key: KeySchema): { schema: KeySchema; suffix: string } | undefined {
  if (key.properties !== undefined) return { schema: key, suffix: '.' };
  const item = key.items?.anyOf?.[0] ?? key.items;
  if (item?.properties !== undefined) return { schema: item, suffix: '[].' };
  const named = key.additionalProperties;
  if (typeof named === 'object' && named.properties !== undefined) return { schema: named, suffix: '.<name>.' };
  return undefined;
}

function typeOf(key: KeySchema): string {
  const type = firstType(key);
  if (type === 'array') return key.items !== undefined && firstType(key.items) === 'string' ? 'list of texts' : 'list';
  if (type === 'object') return key.properties === undefined ? 'map of names' : 'map';
  return TYPES[type] ?? 'text';
}

function firstType(key: KeySchema): string {
  return (typeof key.type === 'string' ? key.type : key.type?.[0]) ?? '';
}

const TYPES: Record<string, string> = {
  string: 'text',
  integer: 'whole number',
  number: 'number',
  boolean: 'true or false',
};

function defaultOf(key: KeySchema): string {
  return key.default === undefined ? '' : `\`${JSON.stringify(key.default).replaceAll('|', '\\|')}\``;
}

function meaningOf(key: KeySchema): string {
  const parts = [key.description ?? ''];
  const values = key.enum?.filter((value) => value !== null);
  if (values !== undefined) parts.push(`One of ${values.map((value) => `\`${JSON.stringify(value)}\``).join(', ')}.`);
  const items = key.items?.anyOf?.[0]?.enum ?? key.items?.enum;
  if (items !== undefined) parts.push(`Out of ${items.map((value) => `\`${String(value)}\``).join(', ')}.`);
  if (key.deprecated === true) parts.unshift('**Deprecated.**');
  return parts.join(' ').replaceAll('|', '\\|');
}
