import { z } from 'zod';
import { FILTER_EVENTS } from '../filter/event-filter.js';

/** What the documentation and the JSON Schema tell about a key. */
export interface KeyInfo {
  /** Value in effect when the key is absent. */
  default?: unknown;
  /** Accepted for old files; says what to do instead. */
  deprecated?: boolean;
  /** Accepted values, where the check itself belongs to a later step with an error code of its own. */
  enum?: readonly string[];
  [extra: string]: unknown;
}

/** An optional key with its description. Absence is for the rules to judge: DM gives each missing value its own code. */
export function key<S extends z.ZodType>(schema: S, description: string, info: KeyInfo = {}): z.ZodOptional<S> {
  return schema.optional().meta({ description, ...info });
}

export const text = (): z.ZodString => z.string();
export const flag = (): z.ZodBoolean => z.boolean();
export const texts = (): z.ZodArray<z.ZodString> => z.array(z.string());

/** Tells the documents which keys of a map must be there; the rules that say so have error codes of their own. */
export function required<S extends z.ZodType>(schema: S, ...keys: string[]): S {
  return schema.meta({ required: keys });
}

/** A whole number of at least `min`. */
export function whole(min = 0, max = Number.MAX_SAFE_INTEGER): z.ZodNumber {
  return z
    .int()
    .min(min, { error: `must not be less than ${min}` })
    .max(max, { error: `must not be more than ${max}` });
}

export const UINT32_MAX = 4_294_967_295;

export const securitySchema = z.strictObject({
  'ssl-ca': key(text(), 'File with the certificates (PEM) of the authorities that the server is checked against.'),
  'ssl-cert': key(text(), 'File with the client certificate (PEM).'),
  'ssl-key': key(text(), 'File with the key (PEM) of the client certificate.'),
  'cert-allowed-cn': key(texts(), "Common names accepted in the server's certificate; empty accepts any."),
});

/** `target-database` of a task and `from` of a source. */
export const databaseSchema = required(
  z.strictObject({
    host: key(text(), 'Host name or address. Required.'),
    port: key(whole(1, 65_535), 'TCP port. Required.'),
    user: key(text(), 'User name. Required.'),
    password: key(text(), 'Password, plain or as printed by `dmctl encrypt`.', { default: '' }),
    'max-allowed-packet': key(
      whole(0, 1_073_741_824),
      "Largest packet in bytes, at least 1024. Absent, the server's own limit is used.",
      { default: 67_108_864 },
    ),
    session: key(
      z.record(z.string(), z.string()),
      'Session variables for every connection, e.g. `sql_mode`, `tidb_skip_utf8_check`.',
      { default: {} },
    ),
    security: key(securitySchema, 'TLS. The files are read where dmctl runs; their content is sent, encrypted.'),
  }),
  'host',
  'port',
  'user',
);

/** What `events` of a filter may hold (manual section 1.3.1.3). */
export const EVENT_KINDS: readonly string[] = [...FILTER_EVENTS];

/** The kinds as editors should offer them, and as they may be written. */
const EITHER_CASE = [
  { enum: [...EVENT_KINDS] },
  { type: 'string', pattern: `^(?:${EVENT_KINDS.map((kind) => kind.replaceAll(/[a-z]/g, inEitherCase)).join('|')})$` },
];

function inEitherCase(letter: string): string {
  return `[${letter}${letter.toUpperCase()}]`;
}

/** One rule of `filters`. */
export const eventFilterSchema = required(
  z.strictObject({
    'schema-pattern': key(text(), 'Databases, with wildcards `*`, `?`, `[a-z]`, `[!a-z]`.'),
    'table-pattern': key(text(), 'Tables, with the same wildcards.'),
    events: key(z.array(z.string().meta({ anyOf: EITHER_CASE })), 'Kinds of events, in either case.', { default: [] }),
    'sql-pattern': key(texts(), 'Regular expressions (RE2, in either case) over the text of DDL.', { default: [] }),
    action: key(text(), '`Do` migrates what matches, `Ignore` drops it.', { enum: ['Do', 'Ignore'] }),
  }),
  'schema-pattern',
  'action',
);

export const tablePatternSchema = required(
  z.strictObject({
    'db-name': key(text(), 'Database: a name, a wildcard pattern, or a regular expression after `~`.'),
    'tbl-name': key(text(), 'Table: a name, a wildcard pattern, or a regular expression after `~`.'),
  }),
  'db-name',
  'tbl-name',
);

export const blockAllowListSchema = z.strictObject({
  'do-dbs': key(texts(), 'Databases to migrate. When given, `ignore-dbs` has no effect.', { default: [] }),
  'ignore-dbs': key(texts(), 'Databases to leave out.', { default: [] }),
  'do-tables': key(z.array(tablePatternSchema), 'Tables to migrate. When given, `ignore-tables` has no effect.', {
    default: [],
  }),
  'ignore-tables': key(z.array(tablePatternSchema), 'Tables to leave out.', { default: [] }),
});

export type EventFilterFile = z.output<typeof eventFilterSchema>;
export type DatabaseFile = z.output<typeof databaseSchema>;
export type SecurityFile = z.output<typeof securitySchema>;
export type BlockAllowListFile = z.output<typeof blockAllowListSchema>;
