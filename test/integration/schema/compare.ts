import type { Column, ForeignKey, Index, Table } from '../../../src/schema/model.js';

/** What must be equal between the tracker's table and the server's, as text lines: a difference then reads by itself. */
export function describeTable(table: Table, flavor: 'mysql' | 'mariadb'): string[] {
  return [
    `charset ${table.charset} ${table.collation}`,
    ...table.columns.map((column) => describeColumn(column, flavor)),
    ...table.indexes.map(describeIndex).sort(),
    ...table.foreignKeys.map(describeForeignKey).sort(),
    // a column's check keeps its name when the column is renamed, and no text can tell that name
    ...table.checks
      .map(
        (check) =>
          `check ${check.column === undefined ? check.name : 'of a column'}${check.enforced ? '' : ' not enforced'}`,
      )
      .sort(),
  ];
}

function describeColumn(column: Column, flavor: 'mysql' | 'mariadb'): string {
  const words = [
    `column ${column.name}`,
    column.columnType,
    `(${column.type} ${column.length ?? '-'} ${column.decimals ?? '-'} ${JSON.stringify(column.members ?? null)})`,
    column.unsigned ? 'unsigned' : '',
    column.zerofill ? 'zerofill' : '',
    `${column.charset ?? ''}/${column.collation ?? ''}`,
    column.nullable ? 'null' : 'not-null',
    describeDefault(column, flavor),
    column.onUpdate === undefined ? '' : `on-update ${column.onUpdate}`,
    column.autoIncrement ? 'auto_increment' : '',
    column.generated === undefined ? '' : `generated ${column.generated.kind}`,
    column.invisible ? 'invisible' : '',
    column.srid === undefined ? '' : `srid ${column.srid}`,
    column.comment === undefined ? '' : `comment ${JSON.stringify(column.comment)}`,
  ];
  return words.filter((word) => word !== '').join(' ');
}

/** Expressions are compared by presence. MySQL's information_schema shows no default as NULL where NULL is allowed. */
function describeDefault(column: Column, flavor: 'mysql' | 'mariadb'): string {
  const value = column.default;
  if (value === undefined) {
    return flavor === 'mysql' && column.nullable && column.generated === undefined ? 'default null' : '';
  }
  if (value.kind === 'null') return 'default null';
  if (value.kind === 'literal') return `default ${JSON.stringify(value.value)}`;
  return /^CURRENT_TIMESTAMP(\(\d\))?$/.test(value.text) ? `default ${value.text}` : 'default (expression)';
}

function describeIndex(index: Index): string {
  const parts = index.parts.map(
    (part) =>
      `${part.column ?? '(expression)'}${part.length === undefined ? '' : `(${part.length})`}${part.descending === true ? ' desc' : ''}`,
  );
  return `index ${index.name} ${index.kind} ${parts.join(',')}${index.invisible ? ' invisible' : ''}`;
}

function describeForeignKey(key: ForeignKey): string {
  const rule = (action: string | undefined): string =>
    action === undefined || action === 'RESTRICT' || action === 'NO ACTION' ? '-' : action;
  return (
    `foreign key ${key.name} ${key.columns.join(',')} -> ${key.refSchema}.${key.refTable} ${key.refColumns.join(',')} ` +
    `${rule(key.onDelete)} ${rule(key.onUpdate)}`
  );
}

/** Lines that differ, tracker's with `-`, server's with `+`; empty when the tables are equal. */
export function differences(
  tracked: Table | undefined,
  server: Table | undefined,
  flavor: 'mysql' | 'mariadb',
): string[] {
  const a = tracked === undefined ? ['no table'] : describeTable(tracked, flavor);
  const b = server === undefined ? ['no table'] : describeTable(server, flavor);
  if (a.join('\n') === b.join('\n')) return [];
  const onlyA = a.filter((line) => !b.includes(line)).map((line) => `- ${line}`);
  const onlyB = b.filter((line) => !a.includes(line)).map((line) => `+ ${line}`);
  return onlyA.length + onlyB.length > 0
    ? [...onlyA, ...onlyB]
    : ['- other order of columns', ...b.map((line) => `+ ${line}`)];
}
