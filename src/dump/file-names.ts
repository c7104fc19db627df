import { createHash } from 'node:crypto';

/**
 * Names of dump files, as dumpling and mydumper give them: `<db>-schema-create.sql`, `<db>.<table>-schema.sql`,
 * `<db>.<table>.<number>.sql`. Characters that would be mistaken are escaped as `%XX` of their byte.
 */

/** Name of the file that says where the binlog stood. */
export const METADATA_FILE = 'metadata';

/** Name of the file that gives the full names behind shortened ones; exists only when a dump has such. */
export const LONG_NAMES_FILE = 'dm-long-names.json';

/** Ending of a file that is being written; such a file is no part of a dump. */
export const TEMPORARY_SUFFIX = '.tmp';

/**
 * Longest escaped name in a file name. A file name holds two of them, and file systems allow 255 bytes, while a name of 64
 * characters may need 192 bytes.
 */
const MAX_NAME_BYTES = 110;

// oxlint-disable-next-line no-control-regex -- control characters are what has to be escaped
const ESCAPED = /[\x00-\x1f\x7f %"*./:<>?\\|]|-(?=schema)/gi;

/** A name as it stands in a file name, with `%XX` escapes and shortened when too long. */
export function encodeFileNamePart(name: string): string {
  const escaped = name.replace(ESCAPED, (character) => {
    return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
  });
  if (Buffer.byteLength(escaped) <= MAX_NAME_BYTES) return escaped;
  return `%~${createHash('sha256').update(name).digest('hex').slice(0, 32)}`;
}

/** Whether the encoded form of a name says nothing about the name, so that {@link LONG_NAMES_FILE} must. */
export function isShortened(encoded: string): boolean {
  return encoded.startsWith('%~');
}

/**
 * Reads back what {@link encodeFileNamePart} or dumpling wrote.
 * @param longNames content of {@link LONG_NAMES_FILE}
 */
export function decodeFileNamePart(encoded: string, longNames: Readonly<Record<string, string>> = {}): string {
  if (isShortened(encoded)) return longNames[encoded] ?? encoded;
  if (!encoded.includes('%')) return encoded;
  return encoded.replace(/(?:%[0-9a-fA-F]{2})+/g, (run) =>
    Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'),
  );
}

export function databaseFileName(schema: string): string {
  return `${encodeFileNamePart(schema)}-schema-create.sql`;
}

export function tableFileName(schema: string, table: string): string {
  return `${encodeFileNamePart(schema)}.${encodeFileNamePart(table)}-schema.sql`;
}

/** Name of a data file: the `part`th file of the `chunk`th key range, both from 0. */
export function dataFileName(schema: string, table: string, chunk: number, part: number): string {
  const number = `${String(chunk).padStart(5, '0')}${String(part).padStart(4, '0')}`;
  return `${encodeFileNamePart(schema)}.${encodeFileNamePart(table)}.${number}.sql`;
}

/** What a file of a dump directory is, by its name. */
export type DumpFile =
  | { kind: 'metadata' }
  | { kind: 'database'; schema: string }
  | { kind: 'table'; schema: string; table: string }
  | { kind: 'data'; schema: string; table: string }
  /** Views, triggers, routines, sequences: not migrated. */
  | { kind: 'ignored' }
  /** Looks like a data file, but no schema and table can be read from its name. */
  | { kind: 'unreadable' };

const IGNORED = /(-schema-(view|trigger|triggers|post|sequence)\.sql)$/;

/** Reads the name of a file in a dump directory. */
export function parseDumpFileName(name: string, longNames: Readonly<Record<string, string>> = {}): DumpFile {
  if (name === METADATA_FILE) return { kind: 'metadata' };
  const decode = (part: string | undefined): string => decodeFileNamePart(part ?? '', longNames);
  if (IGNORED.test(name) || !/\.sql(\.(gz|zst|lz4|snappy))?$/.test(name)) return { kind: 'ignored' };
  let match = /^(.+)-schema-create\.sql$/s.exec(name);
  if (match !== null) return { kind: 'database', schema: decode(match[1]) };
  match = /^([^.]+)\.([^.]+)-schema\.sql$/.exec(name);
  if (match !== null) return { kind: 'table', schema: decode(match[1]), table: decode(match[2]) };
  match = /^([^.]+)\.([^.]+)((?:\.\d+)*)\.sql$/.exec(name);
  if (match !== null) return { kind: 'data', schema: decode(match[1]), table: decode(match[2]) };
  return { kind: 'unreadable' };
}
