/**
 * Structure files hold CREATE TABLE as a server prints it: one column or key a line. That makes it possible to leave
 * ordinary keys out and add them after the rows, which is faster than keeping them up row by row.
 */

/** A CREATE TABLE with and without its ordinary keys. */
export interface PostponedKeys {
  /** The statement without the keys below. */
  createTable: string;
  /** Definitions for ALTER TABLE ... ADD, with the keys' names as the server knows them. */
  keys: { name: string; definition: string }[];
}

const KEY_LINE = /^ {2}KEY `((?:[^`]|``)+)` (\(.+?),?$/;
const AUTO_INCREMENT_LINE = /^ {2}`((?:[^`]|``)+)` .* AUTO_INCREMENT\b/;

/**
 * Takes the ordinary keys out of a CREATE TABLE. Keys stay where the table could not exist without them: the one an
 * AUTO_INCREMENT column needs, those of a table with foreign keys, and of other engines than InnoDB.
 *
 * @returns undefined when there is nothing to postpone
 */
export function postponeKeys(statement: string): PostponedKeys | undefined {
  if (!/\bENGINE=InnoDB\b/i.test(statement) || /^ {2}CONSTRAINT .* FOREIGN KEY /m.test(statement)) return undefined;
  const lines = statement.split('\n');
  const close = lines.findIndex((line) => line.startsWith(')'));
  if (close < 0) return undefined;
  const auto = lines.slice(0, close).flatMap((line) => AUTO_INCREMENT_LINE.exec(line)?.[1] ?? [])[0];
  const keys: PostponedKeys['keys'] = [];
  const kept = lines.slice(0, close).filter((line) => {
    const match = KEY_LINE.exec(line);
    const [, name, rest] = match ?? [];
    if (name === undefined || rest === undefined) return true;
    if (auto !== undefined && rest.startsWith(`(\`${auto}\``)) return true;
    keys.push({ name: name.replaceAll('``', '`'), definition: `KEY \`${name}\` ${rest}` });
    return false;
  });
  if (keys.length === 0) return undefined;
  const last = kept.length - 1;
  kept[last] = (kept[last] ?? '').replace(/,$/, '');
  return { createTable: [...kept, ...lines.slice(close)].join('\n'), keys };
}

/** Names of the tables that foreign keys of a CREATE TABLE refer to, without schema; their keys must be there at once. */
export function referencedTables(statement: string): string[] {
  const names: string[] = [];
  for (const match of statement.matchAll(/\bREFERENCES (?:`(?:[^`]|``)+`\.)?`((?:[^`]|``)+)`/g)) {
    names.push((match[1] ?? '').replaceAll('``', '`'));
  }
  return names;
}
