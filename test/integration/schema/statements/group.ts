/** A statement for both flavors, or for one. `{db}` stands for the group's own database, `{db2}` for a second one. */
export type ListedStatement = string | { mysql: string } | { mariadb: string };

/** Statements that run one after the other in an empty database. What a server refuses is left out on that server. */
export interface StatementGroup {
  name: string;
  statements: ListedStatement[];
}

/** The text for a flavor, or undefined when the statement is not for it. */
export function textFor(statement: ListedStatement, flavor: 'mysql' | 'mariadb'): string | undefined {
  if (typeof statement === 'string') return statement;
  if (flavor === 'mysql') return 'mysql' in statement ? statement.mysql : undefined;
  return 'mariadb' in statement ? statement.mariadb : undefined;
}
