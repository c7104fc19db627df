/**
 * The DDL layer: reads statements as the server that wrote them did, classifies, rewrites and splits them. Other modules
 * import from here only.
 */
export type * from './ast.js';
export type { ReadOptions } from './dialect.js';
export type { RenameTarget, RewriteOptions, TargetName } from './rewrite.js';
export type { KnownColumn } from './change.js';
export type { SplitOptions, SplitResult } from './split.js';
export type { DdlEventKind } from './classify.js';
export { readStatement } from './read.js';
export { addExistence, renameObjects, rewriteStatement } from './rewrite.js';
export { withoutIdle, type IdleOptions } from './idle.js';
export { collationOutsideMariadb, typeOutsideMariadb } from './mariadb-words.js';
export { splitStatement } from './split.js';
export { reusesColumns } from './dependencies.js';
export { eventKind, isSkipped, isSkippedByText } from './classify.js';
export { binaryTwin, sizedName } from './types.js';
