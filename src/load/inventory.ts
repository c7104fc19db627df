import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LONG_NAMES_FILE, parseDumpFileName } from '../dump/file-names.js';
import { dmError } from '../errors/dm-error.js';
import { SAME_NAMES, type TableMapping, type TargetTable } from '../filter/router.js';
import { quoteTable } from '../mysql/quote.js';

/** A file with INSERT statements. */
export interface DataFile {
  name: string;
  /** Upstream name. */
  schema: string;
  table: string;
  /** Bytes. */
  size: number;
}

/** A table of the dump: its structure file and its data files. */
export interface DumpedTable {
  /** Upstream name. */
  schema: string;
  name: string;
  /** Name downstream. */
  target: TargetTable;
  file: string;
  fileSize: number;
  data: DataFile[];
  /** Bytes of all data files. */
  bytes: number;
}

/** What a dump directory holds. */
export interface Inventory {
  dir: string;
  /** `target`: name downstream. */
  databases: { schema: string; target: string; file: string }[];
  tables: DumpedTable[];
}

/**
 * Reads the names and sizes of the files in a dump directory of this product, dumpling or mydumper.
 *
 * @throws DmError 34014 when there is no such directory, 34012 and 34013 when a data file's database or table has no file,
 * 34015 when a table has two structure files, 24003 when a file cannot be placed or is compressed, and what `mapping` throws
 */
export async function readInventory(dir: string, mapping: TableMapping = SAME_NAMES): Promise<Inventory> {
  const names = await listFiles(dir);
  const longNames = await readLongNames(dir, names);
  const databases = new Map<string, string>();
  const tables = new Map<string, DumpedTable>();
  const data: DataFile[] = [];
  for (const name of names) {
    const file = parseDumpFileName(name, longNames);
    const path = join(dir, name);
    if (file.kind === 'unreadable') throw dmError(24003, [path]);
    if (file.kind === 'database') databases.set(file.schema, name);
    if (file.kind === 'data')
      data.push({ name, schema: file.schema, table: file.table, size: (await stat(path)).size });
    if (file.kind === 'table') {
      const key = quoteTable(file.schema, file.table);
      if (tables.has(key)) throw dmError(34015, [path]);
      const fileSize = (await stat(path)).size;
      const target = mapping.target(file.schema, file.table);
      tables.set(key, { schema: file.schema, name: file.table, target, file: name, fileSize, data: [], bytes: 0 });
    }
  }
  for (const table of tables.values()) if (!databases.has(table.schema)) throw dmError(34012, [join(dir, table.file)]);
  addData(dir, databases, tables, data);
  return {
    dir,
    databases: [...databases].map(([schema, file]) => ({ schema, target: mapping.targetSchema(schema), file })),
    tables: [...tables.values()],
  };
}

function addData(
  dir: string,
  databases: ReadonlyMap<string, string>,
  tables: ReadonlyMap<string, DumpedTable>,
  data: readonly DataFile[],
): void {
  for (const file of data) {
    if (!databases.has(file.schema)) throw dmError(34012, [join(dir, file.name)]);
    const table = tables.get(quoteTable(file.schema, file.table));
    if (table === undefined) throw dmError(34013, [join(dir, file.name)]);
    table.data.push(file);
    table.bytes += file.size;
  }
}

async function listFiles(dir: string): Promise<string[]> {
  try {
    return (await readdir(dir)).sort();
  } catch (error) {
    throw dmError(34014, [dir], { cause: error });
  }
}

async function readLongNames(dir: string, names: readonly string[]): Promise<Record<string, string>> {
  if (!names.includes(LONG_NAMES_FILE)) return {};
  return JSON.parse(await readFile(join(dir, LONG_NAMES_FILE), 'utf8')) as Record<string, string>;
}
