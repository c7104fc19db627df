import type { AlterClause, AlterTable, ColumnDefinition, Statement } from '../ddl/index.js';
import { byName } from './apply-context.js';
import { canonicalCharset } from './charsets.js';
import type { Downstream, Finding } from './downstream-diff.js';
import type { Column, Table } from './model.js';

/** How to get past a statement that the downstream does not take. */
const GO_ON = 'stop the task and start it with --remove-meta as `incremental` with `meta` at the end of the statement';

/** What the text of a statement shows that the downstream refuses or does otherwise. */
export function statementFindings(statement: Statement, downstream: Downstream, before: Table | undefined): Finding[] {
  const findings: Finding[] = [];
  if (downstream.product !== 'mariadb') findings.push(...mariadbOnly(statement));
  if (downstream.product !== 'tidb') return findings;
  if (statement.kind === 'create-table' && statement.select !== undefined) {
    findings.push({
      rule: 'create-select',
      severity: 'error',
      message: 'TiDB does not have CREATE TABLE ... SELECT',
      workaround: 'Replace the statement by the CREATE TABLE of the resulting columns; the rows follow as row events.',
    });
  }
  if (statement.kind === 'alter-table') findings.push(...alterFindings(statement, downstream, before));
  return findings;
}

/** Words of MariaDB that change what a statement does. */
function mariadbOnly(statement: Statement): Finding[] {
  const findings: Finding[] = [];
  if ('orReplace' in statement && statement.orReplace && statement.kind !== 'create-database') {
    findings.push({
      rule: 'or-replace',
      severity: 'error',
      message: 'CREATE OR REPLACE is only known to MariaDB',
      workaround: 'Replace the statement by DROP ... IF EXISTS and CREATE.',
    });
  }
  if (statement.kind !== 'alter-table') return findings;
  for (const clause of statement.clauses) {
    if (clause.action === 'system-versioning') {
      findings.push({
        rule: 'system-versioning',
        severity: 'warning',
        message: 'the downstream does not keep the history of rows',
        workaround: 'Nothing to do: the clause is left out, and rows arrive as they are at present.',
      });
    }
    if (clause.action === 'drop-period') {
      findings.push({
        rule: 'system-versioning',
        severity: 'error',
        message: 'periods are only known to MariaDB',
        workaround: `Rows are replicated as they are now: ${GO_ON}.`,
      });
    }
    if (clause.action === 'partition' && clause.operation.startsWith('convert-')) {
      findings.push({
        rule: 'convert-partition',
        severity: 'error',
        message: 'CONVERT PARTITION and CONVERT TABLE are only known to MariaDB',
        workaround: `Exchange the partition by hand downstream, then ${GO_ON}.`,
      });
    }
  }
  return findings;
}

const HAND = `Change the table downstream by hand, then ${GO_ON}.`;

function alterFindings(statement: AlterTable, downstream: Downstream, before: Table | undefined): Finding[] {
  const findings: Finding[] = [];
  const changing = statement.clauses.filter((clause) => clause.action !== 'hint');
  if (changing.length > 1 && downstream.version < 60200) {
    findings.push({
      rule: 'multi-change',
      severity: 'warning',
      message: 'TiDB before 6.2 takes one change in an ALTER TABLE',
      workaround: 'None needed: the statement is split into single changes.',
    });
  }
  for (const clause of statement.clauses) findings.push(...clauseFindings(clause, before));
  return findings;
}

function clauseFindings(clause: AlterClause, before: Table | undefined): Finding[] {
  switch (clause.action) {
    case 'add':
      return clause.elements.flatMap((element) => (element.element === 'column' ? addedColumn(element) : []));
    case 'modify-column':
      return changedColumn(clause.column, clause.column.name.name, before);
    case 'change-column':
      return changedColumn(clause.column, clause.from.name, before);
    case 'convert-charset':
      return convertedCharset(clause.charset, before);
    case 'drop-primary-key':
      return [
        {
          rule: 'primary-key',
          severity: 'warning',
          message: 'TiDB refuses to drop a clustered primary key',
          workaround: `Where the downstream's primary key is clustered: ${HAND}`,
        },
      ];
    case 'order-by':
      return [
        {
          rule: 'order-by',
          severity: 'warning',
          message: 'TiDB ignores ORDER BY of ALTER TABLE',
          workaround: 'Nothing to do.',
        },
      ];
    case 'partition':
      return partitionFindings(clause.operation);
    default:
      return [];
  }
}

const ADDED = `Add the column without it downstream by hand, then ${GO_ON}.`;

function addedColumn(column: ColumnDefinition): Finding[] {
  const findings: Finding[] = [];
  const add = (rule: string, what: string): void => {
    findings.push({
      rule,
      severity: 'error',
      message: `TiDB does not add a column with ${what}: \`${column.name.name}\``,
      workaround: ADDED,
    });
  };
  if (column.primaryKey) add('add-key-column', 'PRIMARY KEY');
  if (column.autoIncrement || column.type.serial) add('add-auto-increment', 'AUTO_INCREMENT');
  if (column.generated?.stored === true) add('add-stored-generated', 'a stored generated value');
  return findings;
}

/** Types of which TiDB converts stored values only to their own kind. */
const STIFF = /^(?:bit|set|enum|json|time|date|datetime|timestamp|year)$/;

function changedColumn(definition: ColumnDefinition, from: string, before: Table | undefined): Finding[] {
  const findings: Finding[] = [];
  const old = before === undefined ? undefined : byName(before.columns, from);
  if (old === undefined || before === undefined) return findings;
  const add = (rule: string, message: string): void => {
    findings.push({ rule, severity: 'error', message: `TiDB does not ${message}: \`${old.name}\``, workaround: HAND });
  };
  const autoIncrement = definition.autoIncrement || definition.type.serial;
  if (autoIncrement && !old.autoIncrement) add('add-auto-increment', 'give AUTO_INCREMENT to an existing column');
  if (!autoIncrement && old.autoIncrement) {
    findings.push({
      rule: 'remove-auto-increment',
      severity: 'warning',
      message: `TiDB takes AUTO_INCREMENT from a column only with tidb_allow_remove_auto_inc on: \`${old.name}\``,
      workaround: 'Put `tidb_allow_remove_auto_inc: ON` under `session` of the target database.',
    });
  }
  if ((definition.generated === undefined) !== (old.generated === undefined)) {
    add('change-generated', 'change between a plain and a generated column');
  }
  if (definition.type.name === old.type) return findings;
  if (old.generated !== undefined) add('change-generated', 'change the type of a generated column');
  const primary = before.indexes.find((index) => index.kind === 'PRIMARY');
  if (primary?.parts.some((part) => part.column === old.name) === true && !isWider(old, definition)) {
    add('change-key-type', 'rewrite the values of a primary key column');
  }
  if (before.partitioning !== undefined)
    add('change-partitioned', 'change the type of a column of a partitioned table');
  if (STIFF.test(old.type) !== STIFF.test(definition.type.name) && STIFF.test(definition.type.name)) {
    add('change-type', `change ${old.type} to ${definition.type.name} in all cases`);
  }
  return findings;
}

const INTEGERS = ['tinyint', 'smallint', 'mediumint', 'int', 'bigint'];

function isWider(old: Column, definition: ColumnDefinition): boolean {
  const [from, to] = [INTEGERS.indexOf(old.type), INTEGERS.indexOf(definition.type.name)];
  return from !== -1 && to > from && old.unsigned === definition.type.unsigned;
}

/** TiDB converts to a charset that holds the old one's bytes as they are. */
function convertedCharset(name: string, before: Table | undefined): Finding[] {
  const to = canonicalCharset(name);
  const from = new Set(
    (before?.columns ?? []).flatMap((column) => (column.charset === undefined ? [] : [column.charset])),
  );
  const refused = [...from].filter((charset) => charset !== to && !(to === 'utf8mb4' && isSubset(charset)));
  return refused.map((charset) => ({
    rule: 'convert-charset',
    severity: 'error',
    message: `TiDB does not convert columns from ${charset} to ${to}`,
    workaround: HAND,
  }));
}

function isSubset(charset: string): boolean {
  return charset === 'utf8mb3' || charset === 'ascii' || charset === 'latin1';
}

const REFUSED_OPERATIONS = new Set(['rebuild', 'optimize', 'repair', 'check', 'import', 'discard']);

function partitionFindings(operation: string): Finding[] {
  if (!REFUSED_OPERATIONS.has(operation)) return [];
  return [
    {
      rule: 'partition-operation',
      severity: 'error',
      message: `TiDB does not have ALTER TABLE ... ${operation.toUpperCase()} PARTITION`,
      workaround: `It does not change rows: ${GO_ON}.`,
    },
  ];
}
