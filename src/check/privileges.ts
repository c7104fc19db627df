/** One `GRANT ... ON ... TO ...` line of `SHOW GRANTS`. */
export interface Grant {
  /** Upper case, without column lists; `ALL PRIVILEGES` as it is. */
  privileges: string[];
  /** Database pattern (`%` and `_` unescaped are wildcards); absent = all. */
  schema?: string;
  /** Absent = all tables of the database. */
  table?: string;
  grantable: boolean;
}

/**
 * Reads one line of `SHOW GRANTS`. `undefined` for lines that give no privileges on data: granted roles, PROXY, grants on
 * routines, and MySQL's partial revokes (which concern system databases).
 */
export function parseGrant(line: string): Grant | undefined {
  const match = /^GRANT (.+?) ON (?:(TABLE|FUNCTION|PROCEDURE|PACKAGE|PACKAGE BODY) )?(\S.*?) TO /is.exec(line);
  if (match === null) return undefined;
  const [, list, object, target] = match;
  if (object !== undefined && object.toUpperCase() !== 'TABLE') return undefined;
  const names = splitTarget(target);
  if (names === undefined) return undefined;
  const privileges = splitList(list)
    // A grant on some columns is none on the table.
    .filter((privilege) => !privilege.includes('('))
    .map((privilege) => privilege.trim().toUpperCase());
  const grant: Grant = { privileges, grantable: /\bWITH GRANT OPTION\b/i.test(line.slice(match[0].length)) };
  if (names[0] !== '*') grant.schema = names[0];
  if (names[1] !== '*') grant.table = names[1];
  return grant;
}

/** Parts a list at its commas, but not inside the parentheses of column lists. */
function splitList(list: string): string[] {
  return list.match(/(?:\([^)]*\)|[^,(])+/g) ?? [];
}

/** `*.*`, `` `db`.* ``, `` `db`.`table` ``; `undefined` for anything else, such as `''@''` of PROXY. */
function splitTarget(target: string): [string, string] | undefined {
  const match = /^(\*|`(?:[^`]|``)*`)\.(\*|`(?:[^`]|``)*`)$/s.exec(target);
  return match === null ? undefined : [unquote(match[1]), unquote(match[2])];
}

function unquote(name: string): string {
  return name === '*' ? name : name.slice(1, -1).replaceAll('``', '`');
}

/** Other names of a privilege, and privileges that hold it. */
const HELD_BY: Record<string, readonly string[] | undefined> = {
  'REPLICATION CLIENT': ['BINLOG MONITOR', 'SUPER'],
  'REPLICATION SLAVE': ['REPLICATION REPLICA'],
  RELOAD: ['FLUSH_TABLES'],
};

/** Privileges that do not exist below the global level, so that `ALL` on a database does not give them. */
const GLOBAL_ONLY = new Set(['RELOAD', 'REPLICATION CLIENT', 'REPLICATION SLAVE', 'SUPER']);

/** What a user may do, from the lines of `SHOW GRANTS`. */
export class Privileges {
  private readonly grants: Grant[];

  constructor(lines: readonly string[]) {
    this.grants = lines.map(parseGrant).filter((grant) => grant !== undefined);
  }

  /** Whether nothing at all is granted on any data. */
  get empty(): boolean {
    return this.grants.every((grant) => grant.privileges.every((privilege) => privilege === 'USAGE'));
  }

  /** Whether the privilege holds everywhere. */
  globally(privilege: string): boolean {
    return this.grants.some((grant) => grant.schema === undefined && gives(grant, privilege));
  }

  /** Whether the privilege holds on a whole database. */
  onSchema(privilege: string, schema: string): boolean {
    return this.grants.some((grant) => grant.table === undefined && covers(grant, schema) && gives(grant, privilege));
  }

  /** Whether the privilege holds on a table. */
  onTable(privilege: string, schema: string, table: string): boolean {
    return this.grants.some(
      (grant) =>
        covers(grant, schema) && (grant.table === undefined || grant.table === table) && gives(grant, privilege),
    );
  }

  /** Whether the privilege holds on anything. */
  anywhere(privilege: string): boolean {
    return this.grants.some((grant) => gives(grant, privilege));
  }
}

function gives(grant: Grant, privilege: string): boolean {
  if (grant.privileges.includes('ALL PRIVILEGES') || grant.privileges.includes('ALL')) {
    return grant.schema === undefined || !GLOBAL_ONLY.has(privilege);
  }
  if (grant.privileges.includes(privilege)) return true;
  return (HELD_BY[privilege] ?? []).some((other) => grant.privileges.includes(other));
}

/** Whether a grant's database pattern takes in a database. Servers compare without regard to case at most; so do we. */
function covers(grant: Grant, schema: string): boolean {
  if (grant.schema === undefined) return true;
  // In a grant on a single table the name is no pattern.
  if (grant.table !== undefined) return grant.schema.toLowerCase() === schema.toLowerCase();
  let pattern = '';
  for (let index = 0; index < grant.schema.length; index++) {
    const char = grant.schema[index];
    if (char === '\\' && index + 1 < grant.schema.length) pattern += escapeRegex(grant.schema[++index]);
    else if (char === '%') pattern += '.*';
    else if (char === '_') pattern += '.';
    else pattern += escapeRegex(char);
  }
  return new RegExp(`^${pattern}$`, 'is').test(schema);
}

function escapeRegex(char: string): string {
  return /[\\^$.*+?()[\]{}|]/.test(char) ? `\\${char}` : char;
}
