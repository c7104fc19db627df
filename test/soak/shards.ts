/** Tables that routes merge into one. Triggers of the upstream keep the keys of shards apart, whatever is written. */
import type { RouteRule } from '../../src/config/types.js';
import type { Random } from '../integration/schema/random.js';

const COLUMNS: Record<string, string> = {
  shard_keyed:
    'sh INT NOT NULL DEFAULT 0, id INT NOT NULL, n INT NULL, v VARCHAR(30), PRIMARY KEY (sh, id), UNIQUE KEY n (sh, n)',
  shard_keyless: 'sh INT NOT NULL DEFAULT 0, a INT, v VARCHAR(30)',
  shard_sparse: 'sh INT NOT NULL DEFAULT 0, u VARCHAR(20) NULL, a INT, UNIQUE KEY u (u, sh)',
};

/** Downstream name of a merged table -> names of its shards. */
export type Groups = ReadonlyMap<string, readonly string[]>;

export function randomGroups(random: Random): Groups {
  return new Map(
    Object.keys(COLUMNS).map((name) => [name, Array.from({ length: random.int(2, 4) }, (_, n) => `${name}_${n}`)]),
  );
}

/** Statements that make the shards. */
export function shardStatements(groups: Groups): string[] {
  return [...groups].flatMap(([name, shards]) =>
    shards.flatMap((shard, n) => [
      `CREATE TABLE ${shard} (${COLUMNS[name]})`,
      ...['INSERT', 'UPDATE'].map(
        (verb) => `CREATE TRIGGER ${shard}_${verb} BEFORE ${verb} ON ${shard} FOR EACH ROW SET NEW.sh = ${n}`,
      ),
    ]),
  );
}

/** Routes of a database whose shards are merged, besides the one of the database itself. */
export function shardRoutes(groups: Groups, schemaPattern: string, targetSchema: string): RouteRule[] {
  return [...groups.keys()].map((name) => ({
    name,
    schemaPattern,
    tablePattern: `${name}_*`,
    targetSchema,
    targetTable: name,
  }));
}

/** Statements that make views with the rows of all shards of each group, by the names of the groups. */
export function unionViews(groups: Groups, schema: string, viewSchema: string): string[] {
  const views = [...groups].map(([name, shards]) => {
    const rows = shards.map((shard) => `SELECT * FROM \`${schema}\`.${shard}`).join(' UNION ALL ');
    return `CREATE VIEW \`${viewSchema}\`.${name} AS ${rows}`;
  });
  return [`DROP DATABASE IF EXISTS \`${viewSchema}\``, `CREATE DATABASE \`${viewSchema}\``, ...views];
}
