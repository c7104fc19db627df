/**
 * The DDL layer: reads statements as the server that wrote them did, classifies, rewrites and splits them. Other modules
 * import from here only. Functions:
 *
 * - `readStatement(sql, options: ReadOptions): Statement`; throws 11006 with line, column and what was expected
 * - `renameObjects(statement, target: (schema, table) => {schema, table}): string`; `table` is '' for databases
 * - `splitStatement(statement): SplitResult`: `{ parts: Statement[], atomic?: string }`, each part is read and whole
 * - `addExistence(statement): string`: IF NOT EXISTS / IF EXISTS where DM adds it
 * - `eventKind(statement): DdlEventKind | undefined`; `isSkippedByText(sql): boolean`; `isSkipped(statement): boolean`
 * - `quoteIdent(name): string`
 */
export type * from './ast.js';
