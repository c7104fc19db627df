import { rewriteStatement, type CreateDatabase, type CreateTable, type RewriteOptions } from '../../ddl/index.js';
import type { TableFilter } from '../../filter/block-allow-list.js';
import type { TableMapping } from '../../filter/router.js';
import type { Downstream } from '../../schema/downstream-diff.js';
import type { Table } from '../../schema/model.js';
import type { CharsetPair } from '../../schema/resolve-type.js';
import { collationFor, showCreateTable } from '../../schema/show-create.js';

/** What a CREATE TABLE or DATABASE needs to know of the downstream. */
export interface CreateOptions {
  downstream: Downstream;
  /** Names of its collations. */
  collations: ReadonlySet<string>;
  mapping: TableMapping;
  /** Tables that exist downstream. */
  filter: TableFilter;
  rewrite: RewriteOptions;
}

/**
 * Text of a CREATE TABLE that makes the table that it made upstream: with the default collation that it got there from its
 * database or server, and in full where it is made like a table that does not exist downstream.
 *
 * @param made - the table as it is upstream behind the statement
 * @throws DmError 11119 as `rewriteStatement`
 */
export function createTableSql(statement: CreateTable, made: Table, options: CreateOptions): string {
  const { mapping, downstream, rewrite } = options;
  if (statement.like === undefined) return withCollation(statement, made, options);
  const target = mapping.target(made.schema, made.name);
  const source = {
    schema: statement.like.schema?.name ?? statement.defaultSchema,
    name: statement.like.table.name,
  };
  const like = mapping.target(source.schema, source.name);
  const isSame = like.schema === target.schema && like.table === target.table;
  if (!isSame && options.filter.matchesTable(source.schema, source.name)) return rewriteStatement(statement, rewrite);
  const table = { ...made, schema: target.schema, name: target.table };
  return showCreateTable(table, { dialect: downstream.product, ifNotExists: true, qualified: true });
}

/**
 * Text of a CREATE DATABASE that gives it the default collation that it has upstream.
 *
 * @param defaults - of the database upstream
 */
export function createDatabaseSql(statement: CreateDatabase, defaults: CharsetPair, options: CreateOptions): string {
  return withCollation(statement, defaults, options);
}

/** The collation implies the character set. One that the downstream does not have is left to its defaults. */
function withCollation(
  statement: CreateTable | CreateDatabase,
  { charset, collation }: CharsetPair,
  { downstream, collations, rewrite: general }: CreateOptions,
): string {
  const rewrite = { ...general, charset };
  if (statement.options.some(({ name }) => name === 'COLLATE')) return rewriteStatement(statement, rewrite);
  const name = collationFor(collation, downstream.product);
  // Servers disagree about the name of three-byte UTF-8.
  const known = [name, name.replace(/^utf8mb3_/, 'utf8_'), name.replace(/^utf8_/, 'utf8mb3_')].find((candidate) =>
    collations.has(candidate.toLowerCase()),
  );
  return rewriteStatement(
    statement,
    known === undefined ? rewrite : { ...rewrite, furtherOptions: `COLLATE ${known}` },
  );
}
