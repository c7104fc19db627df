import type {
  CheckDefinition,
  ForeignKeyDefinition,
  Ident,
  IndexDefinition,
  IndexDefinitionKind,
  IndexPartDefinition,
  PeriodDefinition,
  ReferenceAction,
  ReferencesClause,
} from './ast.js';
import type { Cursor } from './cursor.js';
import { T } from './lexer.js';

/** Reads the rest of a key whose first words (PRIMARY KEY, UNIQUE, INDEX...) were read, in CREATE and ALTER TABLE. */
export function readIndex(
  cursor: Cursor,
  head: { kind: IndexDefinitionKind; start: number; constraint?: Ident | undefined; ifNotExists?: boolean },
): IndexDefinition {
  const ifNotExists = cursor.take('IF', 'NOT', 'EXISTS') || (head.ifNotExists ?? false);
  const index = newIndex(head.kind, head.start, ifNotExists);
  const name = cursor.code === '(' || cursor.code === 'USING' ? undefined : cursor.takeIdent();
  const effective = name ?? head.constraint;
  if (effective !== undefined && head.kind !== 'PRIMARY') index.name = effective;
  readUsing(cursor, index, name !== undefined);
  index.parts = readIndexParts(cursor, index);
  readIndexOptions(cursor, index);
  index.end = cursor.end;
  return index;
}

/** An index without name and parts. */
export function newIndex(kind: IndexDefinitionKind, start: number, ifNotExists: boolean): IndexDefinition {
  return { element: 'index', kind, ifNotExists, parts: [], options: {}, start, end: start };
}

/** USING BTREE, or the old TYPE BTREE where it cannot be the name. */
export function readUsing(cursor: Cursor, index: IndexDefinition, typeAllowed = true): boolean {
  if (!cursor.take('USING') && !(typeAllowed && cursor.take('TYPE'))) return false;
  index.using = cursor.expectIdent('BTREE, HASH or RTREE').name.toUpperCase();
  return true;
}

export function readIndexParts(cursor: Cursor, index: IndexDefinition): IndexPartDefinition[] {
  const parts: IndexPartDefinition[] = [];
  cursor.expect('(');
  do {
    const part = readIndexPart(cursor);
    if (part.column !== undefined && cursor.take('WITHOUT', 'OVERLAPS')) index.withoutOverlaps = part.column;
    else parts.push(part);
  } while (cursor.take(','));
  cursor.expect(')');
  return parts;
}

function readIndexPart(cursor: Cursor): IndexPartDefinition {
  const { start } = cursor;
  const part: IndexPartDefinition = { descending: false, start, end: start };
  if (cursor.code === '(') {
    const inner = cursor.parenthesised();
    part.expression = cursor.text.slice(inner.start, inner.end).trim();
  } else {
    part.column = cursor.columnName();
    if (cursor.take('(')) {
      part.length = cursor.expectInteger('prefix length');
      cursor.expect(')');
    }
  }
  if (cursor.take('DESC')) part.descending = true;
  else cursor.take('ASC');
  part.end = cursor.end;
  return part;
}

/** Reads the options behind the parts of an index, as many as there are. */
export function readIndexOptions(cursor: Cursor, index: IndexDefinition): void {
  while (readIndexOption(cursor, index)) continue;
  index.end = cursor.end;
}

const VALUE_OPTIONS: ReadonlySet<string> = new Set([
  'KEY_BLOCK_SIZE',
  'ENGINE_ATTRIBUTE',
  'SECONDARY_ENGINE_ATTRIBUTE',
  'CLUSTERING',
  'DISTANCE',
  'M',
]);

function readIndexOption(cursor: Cursor, index: IndexDefinition): boolean {
  if (cursor.kind !== T.Word && cursor.kind !== T.QuotedIdent) return false;
  if (readUsing(cursor, index)) return true;
  const { code } = cursor;
  switch (code) {
    case 'COMMENT':
      cursor.skip();
      index.comment = cursor.expectString('comment text');
      return true;
    case 'WITH':
      cursor.skip();
      cursor.expect('PARSER');
      index.options['PARSER'] = cursor.expectIdent('parser name').name;
      return true;
    case 'VISIBLE':
    case 'INVISIBLE':
    case 'IGNORED':
      cursor.skip();
      index.invisible = code !== 'VISIBLE';
      return true;
    case 'NOT':
      cursor.expect('NOT', 'IGNORED');
      index.invisible = false;
      return true;
    case 'CLUSTERED':
    case 'NONCLUSTERED':
      cursor.skip();
      index.clustered = code === 'CLUSTERED';
      return true;
    case 'GLOBAL':
    case 'LOCAL':
      cursor.skip();
      index.options[code] = '';
      return true;
    default:
      return readValueOption(cursor, index);
  }
}

/** KEY_BLOCK_SIZE [=] 8 and the engine-defined `name = value` of MariaDB. */
function readValueOption(cursor: Cursor, index: IndexDefinition): boolean {
  const assigned = cursor.atIdent && cursor.codeAt(1) === '=';
  if (!assigned && !VALUE_OPTIONS.has(cursor.code)) return false;
  // ALGORITHM and LOCK belong to the statement
  if (cursor.code === 'ALGORITHM' || cursor.code === 'LOCK') return false;
  const name = cursor.expectIdent('option name').name.toUpperCase();
  cursor.take('=');
  index.options[name] = cursor.takeString() ?? cursor.takeRaw();
  return true;
}

/** Reads from behind FOREIGN KEY on. */
export function readForeignKey(
  cursor: Cursor,
  head: { start: number; schema: string; constraint?: Ident | undefined; ifNotExists?: boolean },
): ForeignKeyDefinition {
  const ifNotExists = cursor.take('IF', 'NOT', 'EXISTS') || (head.ifNotExists ?? false);
  const indexName = cursor.code === '(' ? undefined : cursor.expectIdent('index name');
  const scratch = newIndex('INDEX', head.start, false);
  const columns = readIndexParts(cursor, scratch).flatMap((part) => (part.column === undefined ? [] : [part.column]));
  cursor.expect('REFERENCES');
  const references = readReferences(cursor, head.schema);
  return {
    element: 'foreign-key',
    ifNotExists,
    columns,
    references,
    ...(head.constraint === undefined ? {} : { constraint: head.constraint }),
    ...(indexName === undefined ? {} : { indexName }),
    ...cursor.spanFrom(head.start),
  };
}

/** Reads from behind REFERENCES on. An unqualified table stands in the schema of the table that refers to it. */
export function readReferences(cursor: Cursor, schema: string): ReferencesClause {
  const start = cursor.end - 'REFERENCES'.length;
  const table = cursor.objectName('table', 'references', schema);
  const clause: ReferencesClause = { table, columns: [], start, end: cursor.end };
  if (cursor.code === '(') {
    const parts = readIndexParts(cursor, newIndex('INDEX', start, false));
    clause.columns = parts.flatMap((part) => (part.column === undefined ? [] : [part.column]));
  }
  for (;;) {
    if (cursor.take('MATCH')) clause.match = cursor.takeRaw().toUpperCase();
    else if (cursor.take('ON', 'DELETE')) clause.onDelete = readAction(cursor);
    else if (cursor.at('ON', 'UPDATE') && isAction(cursor)) {
      cursor.take('ON', 'UPDATE');
      clause.onUpdate = readAction(cursor);
    } else break;
  }
  clause.end = cursor.end;
  return clause;
}

/** ON UPDATE may also be that of a TIMESTAMP column behind an inline REFERENCES. */
function isAction(cursor: Cursor): boolean {
  return ['RESTRICT', 'CASCADE', 'SET', 'NO'].includes(cursor.codeAt(2));
}

function readAction(cursor: Cursor): ReferenceAction {
  if (cursor.take('RESTRICT')) return 'RESTRICT';
  if (cursor.take('CASCADE')) return 'CASCADE';
  if (cursor.take('NO', 'ACTION')) return 'NO ACTION';
  if (cursor.take('SET', 'NULL')) return 'SET NULL';
  if (cursor.take('SET', 'DEFAULT')) return 'SET DEFAULT';
  throw cursor.error('RESTRICT, CASCADE, SET NULL, SET DEFAULT or NO ACTION');
}

/** Reads from behind CHECK on. */
export function readCheck(cursor: Cursor, start: number): CheckDefinition {
  const inner = cursor.parenthesised();
  const expression = cursor.text.slice(inner.start, inner.end).trim();
  let enforced = true;
  if (cursor.take('NOT', 'ENFORCED')) enforced = false;
  else cursor.take('ENFORCED');
  return { element: 'check', ifNotExists: false, expression, enforced, ...cursor.spanFrom(start) };
}

/** Reads from behind PERIOD FOR on. */
export function readPeriod(cursor: Cursor, start: number, ifNotExists: boolean): PeriodDefinition {
  const name = cursor.expectIdent('period name');
  cursor.expect('(');
  const from = cursor.expectIdent('column name');
  cursor.expect(',');
  const to = cursor.expectIdent('column name');
  cursor.expect(')');
  return { element: 'period', name, ifNotExists, from, to, ...cursor.spanFrom(start) };
}
