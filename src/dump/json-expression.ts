import { SQL_MARK } from './row-format.js';

/** Types whose values the text of a document does not tell from numbers and strings. Binary values stay text: not every server takes them. */
const TYPED = "'DECIMAL','UNSIGNED INTEGER','DATE','TIME','DATETIME','TIMESTAMP'";

const TEXT = 'CAST(v AS CHAR)';

/** SQL text of one value, from its type and its text. */
const VALUE = `CASE JSON_TYPE(v)
  WHEN 'DECIMAL' THEN CONCAT('CAST(''',${TEXT},''' AS DECIMAL(',LENGTH(REGEXP_REPLACE(${TEXT},'[^0-9]','')),',',
    IF(LOCATE('.',${TEXT})=0,0,LENGTH(${TEXT})-LOCATE('.',${TEXT})),'))')
  WHEN 'UNSIGNED INTEGER' THEN CONCAT('CAST(''',${TEXT},''' AS UNSIGNED)')
  WHEN 'DATE' THEN CONCAT('CAST(''',JSON_UNQUOTE(v),''' AS DATE)')
  WHEN 'TIME' THEN CONCAT('CAST(''',JSON_UNQUOTE(v),''' AS TIME(6))')
  ELSE CONCAT('CAST(''',JSON_UNQUOTE(v),''' AS DATETIME(6))') END`;

/** Names of an object's members and places of an array's, as legs of a path. */
const LEGS = `SELECT CONCAT('.',JSON_QUOTE(m.name)) AS leg
    FROM JSON_TABLE(IF(JSON_TYPE(p.v)='OBJECT',JSON_KEYS(p.v),'[]'),'$[*]' COLUMNS (name LONGTEXT PATH '$')) m
  UNION ALL SELECT CONCAT('[',e.n-1,']')
    FROM JSON_TABLE(IF(JSON_TYPE(p.v)='ARRAY',p.v,'[]'),'$[*]' COLUMNS (n FOR ORDINALITY)) e`;

/**
 * What is selected of a JSON column so that the copy prints and compares as the original does: the document's text, or,
 * where the text alone would make another document (a DECIMAL becomes a DOUBLE, a date a string), {@link SQL_MARK} and an
 * expression that puts the typed values in. Needs `group_concat_max_len` to be large, and MySQL 8.0.14 (LATERAL).
 *
 * @param column - quoted name
 */
export function typedJsonExpression(column: string): string {
  const text = `CAST(${column} AS CHAR)`;
  const again = `CAST(${text} AS JSON)`;
  const isPlain = `${column}=${again} AND CAST(${column} AS BINARY)=CAST(${again} AS BINARY)`;
  // What was cut off at a limit would be no SQL: rather the text alone.
  const list = `IF(SUM(LENGTH(x)+1)-1=LENGTH(GROUP_CONCAT(x SEPARATOR ',')),GROUP_CONCAT(x SEPARATOR ','),NULL)`;
  const replacements = `(WITH RECURSIVE p (path,v) AS (SELECT CAST('$' AS CHAR(20000000)),${column}
  UNION ALL SELECT CONCAT(p.path,l.leg),JSON_EXTRACT(p.v,CONCAT('$',l.leg)) FROM p, LATERAL (${LEGS}) l)
  SELECT ${list} FROM (SELECT CONCAT(QUOTE(path),',',${VALUE}) AS x FROM p WHERE JSON_TYPE(v) IN (${TYPED})) typed)`;
  const typed = `CONCAT(CHAR(${SQL_MARK}),'JSON_REPLACE(',QUOTE(${text}),',',${replacements},')')`;
  return `IF(${isPlain},${text},COALESCE(${typed},${text}))`;
}
