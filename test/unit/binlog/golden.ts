import { readFileSync } from 'node:fs';
import type { Table } from '../../../src/schema/model.js';
import type { BinlogEvent, StructureLookup } from '../../../src/sync/events.js';

/** Names of the recorded files; see `golden/record.ts` for what is in them. */
export const GOLDEN = ['mysql-9.7', 'mysql-9.7-full-nocrc', 'mariadb-10.11', 'mariadb-10.11-full-nocrc'] as const;
export type GoldenName = (typeof GOLDEN)[number];

export function goldenBytes(name: GoldenName): Buffer {
  return readFileSync(new URL(`golden/${name}.bin`, import.meta.url));
}

/** Structures as the file's DDL leaves them, and the tracking of the one ALTER TABLE in it. */
export function goldenLookup(name: GoldenName): { lookup: StructureLookup; track: (event: BinlogEvent) => void } {
  const url = new URL(`golden/${name}.tables.json`, import.meta.url);
  const tables = JSON.parse(readFileSync(url, 'utf8')) as Record<string, Table>;
  let altered = false;
  return {
    track(event) {
      if (event.type === 'query' && event.sql.includes('ADD COLUMN f')) altered = true;
    },
    lookup: (_schema, name_) => {
      const table = tables[name_];
      if (name_ !== 'times' || altered) return table;
      return { ...table, columns: table.columns.filter((column) => column.name !== 'f') };
    },
  };
}
