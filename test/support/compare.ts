/** Comparing what two servers hold; by the servers, not by us. */
export { compareDatabases, compareTables, formatComparison } from '../../tools/compare/compare.js';
export type { Comparison, TableDifference, TableName, TablePair } from '../../tools/compare/compare.js';
