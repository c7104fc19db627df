import type { AlterClause, Ident, ObjectName } from './ast.js';
import type { BareClause } from './alter-table.js';
import type { Cursor } from './cursor.js';
import { readPartitionList } from './partitions.js';

type Operation = Extract<AlterClause, { action: 'partition' }>['operation'];

/** Operations of the form WORD PARTITION [NO_WRITE_TO_BINLOG | LOCAL] {ALL | names}. */
const SIMPLE: Record<string, Operation> = {
  TRUNCATE: 'truncate',
  ANALYZE: 'analyze',
  CHECK: 'check',
  OPTIMIZE: 'optimize',
  REBUILD: 'rebuild',
  REPAIR: 'repair',
};

/** Reads an operation on partitions or tablespaces; undefined when none begins here. */
export function readPartitionClause(cursor: Cursor): BareClause | undefined {
  const word = cursor.code;
  if (word === 'DISCARD' || word === 'IMPORT') return readTablespace(cursor, word);
  if (word === 'SECONDARY_LOAD' || word === 'SECONDARY_UNLOAD') return readSecondary(cursor, word);
  if (word === 'UPGRADE') {
    cursor.expect('UPGRADE', 'PARTITIONING');
    return { action: 'storage', name: 'UPGRADE PARTITIONING' };
  }
  if (word === 'CONVERT') return readConvert(cursor);
  if (cursor.codeAt(1) !== 'PARTITION') return undefined;
  return readOperation(cursor, word);
}

function readOperation(cursor: Cursor, word: string): BareClause | undefined {
  const simple = Object.hasOwn(SIMPLE, word) ? SIMPLE[word] : undefined;
  if (simple !== undefined) return readSimple(cursor, word, simple);
  switch (word) {
    case 'ADD':
      return readAdd(cursor);
    case 'DROP':
      cursor.take(word, 'PARTITION');
      cursor.take('IF', 'EXISTS');
      return clause('drop', readNames(cursor));
    case 'COALESCE':
      cursor.take(word, 'PARTITION');
      skipLogging(cursor);
      cursor.expectInteger('a number of partitions');
      return clause('coalesce', []);
    case 'REORGANIZE':
      return readReorganize(cursor);
    case 'EXCHANGE':
      return readExchange(cursor);
    default:
      return undefined;
  }
}

function clause(operation: Operation, partitions: Ident[], table?: ObjectName): BareClause {
  return { action: 'partition', operation, partitions, ...(table === undefined ? {} : { table }) };
}

function skipLogging(cursor: Cursor): void {
  if (!cursor.take('NO_WRITE_TO_BINLOG')) cursor.take('LOCAL');
}

function readNames(cursor: Cursor): Ident[] {
  const names: Ident[] = [];
  do names.push(cursor.expectIdent('partition name'));
  while (cursor.take(','));
  return names;
}

function readNamesOrAll(cursor: Cursor): Ident[] {
  return cursor.take('ALL') ? [] : readNames(cursor);
}

const MAINTENANCE_WORDS: ReadonlySet<string> = new Set(['QUICK', 'FAST', 'MEDIUM', 'EXTENDED', 'CHANGED', 'USE_FRM']);

function readSimple(cursor: Cursor, word: string, operation: Operation): BareClause {
  cursor.take(word, 'PARTITION');
  skipLogging(cursor);
  const partitions = readNamesOrAll(cursor);
  while (cursor.takeOne(MAINTENANCE_WORDS) !== undefined || cursor.take('FOR', 'UPGRADE')) continue;
  return clause(operation, partitions);
}

function readAdd(cursor: Cursor): BareClause {
  cursor.take('ADD', 'PARTITION');
  cursor.take('IF', 'NOT', 'EXISTS');
  skipLogging(cursor);
  if (cursor.take('PARTITIONS')) {
    cursor.expectInteger('a number of partitions');
    return clause('add', []);
  }
  return clause('add', readPartitionList(cursor));
}

function readReorganize(cursor: Cursor): BareClause {
  cursor.take('REORGANIZE', 'PARTITION');
  skipLogging(cursor);
  if (!cursor.atIdent) return clause('reorganize', []);
  const names = readNames(cursor);
  cursor.expect('INTO');
  readPartitionList(cursor);
  return clause('reorganize', names);
}

function readExchange(cursor: Cursor): BareClause {
  cursor.take('EXCHANGE', 'PARTITION');
  const name = cursor.expectIdent('partition name');
  cursor.expect('WITH', 'TABLE');
  const table = cursor.objectName('table', 'exchange');
  if (cursor.take('WITH') || cursor.take('WITHOUT')) cursor.expect('VALIDATION');
  return clause('exchange', [name], table);
}

/** MariaDB: CONVERT PARTITION p TO TABLE t, CONVERT TABLE t TO PARTITION p VALUES ... */
function readConvert(cursor: Cursor): BareClause {
  cursor.take('CONVERT');
  if (cursor.take('PARTITION')) {
    const name = cursor.expectIdent('partition name');
    cursor.expect('TO', 'TABLE');
    return clause('convert-to-table', [name], cursor.objectName('table', 'convert'));
  }
  cursor.expect('TABLE');
  const table = cursor.objectName('table', 'convert');
  cursor.expect('TO', 'PARTITION');
  const name = cursor.expectIdent('partition name');
  while (!cursor.ended && cursor.code !== ',' && !cursor.at('WITH') && !cursor.at('WITHOUT')) {
    if (cursor.code === '(') cursor.parenthesised();
    else cursor.skip();
  }
  if (cursor.take('WITH') || cursor.take('WITHOUT')) cursor.expect('VALIDATION');
  return clause('convert-from-table', [name], table);
}

function readTablespace(cursor: Cursor, word: 'DISCARD' | 'IMPORT'): BareClause {
  cursor.skip();
  if (cursor.take('TABLESPACE')) return { action: 'storage', name: `${word} TABLESPACE` };
  cursor.expect('PARTITION');
  const names = readNamesOrAll(cursor);
  cursor.expect('TABLESPACE');
  return clause(word === 'DISCARD' ? 'discard' : 'import', names);
}

function readSecondary(cursor: Cursor, word: string): BareClause {
  cursor.skip();
  if (cursor.take('GUIDED') && !cursor.take('ON') && !cursor.take('OFF')) throw cursor.error('ON or OFF');
  if (cursor.take('PARTITION')) cursor.parenthesised();
  return { action: 'storage', name: word };
}
