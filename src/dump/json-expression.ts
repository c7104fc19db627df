import {
  binaryInJson,
  bitInJson,
  BLOB_TYPES,
  blobInJson,
  JSON_BYTES,
  MOST_BINARY_BYTES,
  TIMESTAMP_RANGE,
  timestampInJson,
} from '../mysql/json-values.js';
import { quoteString } from '../mysql/quote.js';
import { SQL_MARK } from './row-format.js';

/**
 * How documents are written: as their text alone; with the types of those values whose type the text does not tell; or with
 * binary values as well, for which not every server has expressions.
 */
export type JsonDetail = 'text' | 'typed' | 'binary';

/** Types of which a document's text makes a number or a string. */
const TYPED = ['DECIMAL', 'DATE', 'TIME', 'DATETIME', 'TIMESTAMP'];
const BINARIES = ['BLOB', 'BIT'];

/** A whole number without sign in a text is signed up to here, and unsigned above. */
const LAST_SIGNED = 4_294_967_295;

/** Bytes of a document from which the server is not asked to take it apart only to see what is in it. */
const BIG_DOCUMENT = 16 * 1024 * 1024;

/** Stands in the text of an expression for what the query puts there, by the name of a part. */
function hole(name: string): string {
  return `\0${name}\0`;
}

const TEXT = hole('text');
const BYTES = hole('bytes');

/**
 * What is selected of a JSON column so that the copy has the very same values: the document's text or, where some value has
 * a type that the text does not tell (a DECIMAL would become a DOUBLE, a date a string), {@link SQL_MARK} and an expression
 * that puts those values in. Needs `group_concat_max_len` to be large, and MySQL 8.0.14 (LATERAL).
 *
 * @param column - quoted name
 */
export function typedJsonExpression(column: string, detail: Exclude<JsonDetail, 'text'>): string {
  const text = `CAST(${column} AS CHAR)`;
  const types = detail === 'binary' ? [...TYPED, ...BINARIES] : TYPED;
  // What was cut off at a limit would be no SQL: rather the text alone.
  const list = `IF(SUM(LENGTH(x)+1)-1=LENGTH(GROUP_CONCAT(x SEPARATOR ',')),GROUP_CONCAT(x SEPARATOR ','),NULL)`;
  const scalars = `SELECT '$' AS path,${column} AS v
    UNION ALL SELECT c.path,c.v FROM p, LATERAL (${CHILDREN}) c`;
  const typed = `SELECT path,JSON_TYPE(v) AS type,JSON_UNQUOTE(v) AS text FROM (${scalars}) s WHERE ${needsType('v', types)}`;
  const replacements = `(WITH RECURSIVE p (path,v) AS (SELECT CAST('$' AS CHAR(20000000)),${column}
    UNION ALL SELECT c.path,c.v FROM p, LATERAL (${CHILDREN}) c WHERE JSON_TYPE(c.v) IN ('OBJECT','ARRAY'))
  SELECT ${list} FROM (SELECT CONCAT(QUOTE(path),',',${valueSql(detail)}) AS x FROM (${typed}) t) r)`;
  const expression = `CONCAT(CHAR(${SQL_MARK}),'JSON_REPLACE(',QUOTE(${text}),',',${replacements},')')`;
  return `IF(${holdsTyped(column, types)},COALESCE(${expression},${text}),${text})`;
}

/** Members and elements of the container `p.v`, with their paths. */
const CHILDREN = `SELECT CONCAT(p.path,leg) AS path,JSON_EXTRACT(p.v,CONCAT('$',leg)) AS v
  FROM (SELECT IF(JSON_TYPE(p.v)='OBJECT',CONCAT('.',JSON_QUOTE(m.name)),CONCAT('[',m.n-1,']')) AS leg
    FROM JSON_TABLE(IF(JSON_TYPE(p.v)='OBJECT',JSON_KEYS(p.v),p.v),'$[*]'
      COLUMNS (n FOR ORDINALITY,name LONGTEXT PATH '$')) m) legs`;

/** Condition: the text of this value makes one of another type. */
function needsType(v: string, types: readonly string[]): string {
  // As a number: to compare as JSON costs more.
  return `CASE JSON_TYPE(${v}) WHEN 'INTEGER' THEN ${v}+0>${LAST_SIGNED} WHEN 'UNSIGNED INTEGER' THEN ${v}+0<=${LAST_SIGNED}
    ELSE JSON_TYPE(${v}) IN (${types.map((type) => quoteString(type)).join(',')}) END`;
}

/** Condition: such a value is anywhere in the document. Of a big one the servers' own comparison is enough. */
function holdsTyped(column: string, types: readonly string[]): string {
  const below = (path: string): string =>
    `EXISTS(SELECT 1 FROM JSON_TABLE(${column},'${path}' COLUMNS (v JSON PATH '$')) t WHERE ${needsType('v', types)})`;
  // Most documents have no arrays, and to look for one costs less than to make a table of no rows.
  const inArrays = `JSON_CONTAINS_PATH(${column},'one','$**[*]') AND ${below('$**[*]')}`;
  const exact = `${needsType(column, types)} OR ${below('$**.*')} OR (${inArrays})`;
  const again = `CAST(CAST(${column} AS CHAR) AS JSON)`;
  const differs = `${column}<>${again} OR CAST(${column} AS BINARY)<>CAST(${again} AS BINARY)`;
  return `IF(JSON_STORAGE_SIZE(${column})<=${BIG_DOCUMENT},${exact},${differs})`;
}

/** SQL text of the value of a row with `type` and `text`; NULL = there is none, the text stays. */
function valueSql(detail: JsonDetail): string {
  const digits = `LENGTH(text)-(LEFT(text,1)='-')-(LOCATE('.',text)>0)`;
  const scale = `IF(LOCATE('.',text)=0,0,LENGTH(text)-LOCATE('.',text))`;
  const decimal = filled(`CAST('${TEXT}' AS DECIMAL(${hole('digits')},${hole('scale')}))`, { digits, scale });
  const [first, last] = TIMESTAMP_RANGE.map((bound) => quoteString(bound));
  const isTimestamp = detail === 'binary' ? `type='TIMESTAMP' AND text BETWEEN ${first} AND ${last}` : 'FALSE';
  const cast = (type: string): string => filled(`CAST('${TEXT}' AS ${type})`);
  return `CASE type
    WHEN 'DECIMAL' THEN ${decimal}
    WHEN 'INTEGER' THEN ${cast('SIGNED')}
    WHEN 'UNSIGNED INTEGER' THEN ${cast('UNSIGNED')}
    WHEN 'DATE' THEN ${cast('DATE')}
    WHEN 'TIME' THEN ${cast('TIME(6)')}
    WHEN 'BLOB' THEN ${bytesSql()}
    WHEN 'BIT' THEN ${bytesSql()}
    ELSE IF(${isTimestamp},${filled(timestampInJson(TEXT))},${cast('DATETIME(6)')}) END`;
}

/** SQL text of bytes, which stand in `text` as `base64:type<number>:<base64>`. */
function bytesSql(): string {
  const number = "SUBSTRING_INDEX(SUBSTRING(text,12),':',1)";
  const hex = `HEX(FROM_BASE64(SUBSTRING(text,13+LENGTH(${number}))))`;
  const bytes = `CONCAT('x''',${hex},'''')`;
  const blobs = [...BLOB_TYPES].map(
    ([type, name]) => `WHEN ${type} THEN ${filled(blobInJson(name, BYTES), { bytes })}`,
  );
  const bit = filled(bitInJson(hole('bits'), BYTES), { bits: `LENGTH(${hex})*4`, bytes: `CONV(${hex},16,10)` });
  const binary = filled(binaryInJson(BYTES), { bytes });
  return `CASE ${number}
    WHEN ${JSON_BYTES.varchar} THEN ${bytes}
    WHEN ${JSON_BYTES.varString} THEN ${bytes}
    WHEN ${JSON_BYTES.bit} THEN ${bit}
    WHEN ${JSON_BYTES.string} THEN IF(LENGTH(${hex})<=${MOST_BINARY_BYTES * 2},${binary},NULL)
    ${blobs.join(' ')} END`;
}

/** Expression of a text whose holes are filled with what the expressions of their names give. */
function filled(template: string, expressions: Record<string, string> = {}): string {
  const parts = template
    .split('\0')
    .map((part, index) => (index % 2 === 0 ? quoteString(part) : (expressions[part] ?? part)));
  return `CONCAT(${parts.join(',')})`;
}
