import { T } from '../../ddl/lexer.js';
import type { CastType, Expr } from './ast.js';
import type { ExpressionParser } from './parse.js';

/** Reserved words that are functions before a parenthesis. */
export const KEYWORD_FUNCTIONS: ReadonlySet<string> = new Set(
  `IF LEFT RIGHT REPLACE INSERT MOD REPEAT CHAR DATABASE SCHEMA CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER
  LOCALTIME LOCALTIMESTAMP UTC_DATE UTC_TIME UTC_TIMESTAMP CONVERT INTERVAL DEFAULT VALUES MATCH`.split(/\s+/),
);

/** Functions that need no parentheses. */
export const BARE_FUNCTIONS: ReadonlySet<string> = new Set(
  `CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER LOCALTIME LOCALTIMESTAMP UTC_DATE UTC_TIME
  UTC_TIMESTAMP`.split(/\s+/),
);

/** Functions over several rows. */
export const AGGREGATES: ReadonlySet<string> = new Set(
  `COUNT SUM AVG MIN MAX GROUP_CONCAT BIT_AND BIT_OR BIT_XOR STD STDDEV STDDEV_POP STDDEV_SAMP VAR_POP VAR_SAMP VARIANCE
  JSON_ARRAYAGG JSON_OBJECTAGG ST_COLLECT GROUPING ROW_NUMBER RANK DENSE_RANK CUME_DIST PERCENT_RANK NTILE LAG LEAD
  FIRST_VALUE LAST_VALUE NTH_VALUE APPROX_COUNT_DISTINCT APPROX_PERCENTILE`.split(/\s+/),
);

type Reader = (parser: ExpressionParser, name: string) => Expr;

/** Functions whose arguments are not a plain list. Each reader stands behind the opening parenthesis. */
const SPECIAL: Record<string, Reader> = {
  CAST: (parser) => {
    const arg = parser.expr();
    parser.tokens.expect('AS');
    return cast(parser, arg);
  },
  CONVERT: (parser) => {
    const arg = parser.expr();
    if (parser.tokens.take('USING')) {
      parser.tokens.next();
      return { kind: 'opaque', args: [arg] };
    }
    parser.tokens.expect(',');
    return cast(parser, arg);
  },
  TRIM: trim,
  SUBSTRING: substring,
  SUBSTR: substring,
  MID: substring,
  POSITION: (parser) => {
    const needle = parser.bits(0);
    parser.tokens.expect('IN');
    return { kind: 'call', name: 'LOCATE', args: [needle, parser.expr()] };
  },
  EXTRACT: (parser) => {
    const name = parser.unit();
    parser.tokens.expect('FROM');
    const arg = parser.expr();
    return name.includes('_') ? { kind: 'opaque', args: [arg] } : { kind: 'call', name, args: [arg] };
  },
  DATE_ADD: shift(1),
  ADDDATE: shift(1),
  DATE_SUB: shift(-1),
  SUBDATE: shift(-1),
  TIMESTAMPADD: unitFirst,
  TIMESTAMPDIFF: unitFirst,
  CHAR: (parser) => {
    const args = items(parser);
    if (parser.tokens.take('USING')) parser.tokens.next();
    return { kind: 'opaque', args };
  },
  GET_FORMAT: (parser) => {
    parser.tokens.next();
    parser.tokens.expect(',');
    return { kind: 'opaque', args: [parser.expr()] };
  },
  WEIGHT_STRING: anything,
  JSON_VALUE: anything,
  MATCH: refused('MATCH needs an index and cannot be used in an expression filter'),
  DEFAULT: refused('DEFAULT cannot be used in an expression filter'),
  VALUES: refused('VALUES cannot be used in an expression filter'),
};

/** A call of a function, whose name was read. */
export function parseCall(parser: ExpressionParser, name: string): Expr {
  const { tokens } = parser;
  tokens.expect('(');
  const special = Object.hasOwn(SPECIAL, name) ? SPECIAL[name] : undefined;
  const result = special?.(parser, name) ?? call(parser, name);
  tokens.expect(')');
  if (tokens.code === 'OVER') throw tokens.refusal('aggregate and window functions have no meaning for one row');
  return result;
}

function call(parser: ExpressionParser, name: string): Expr {
  return { kind: 'call', name, args: parser.tokens.code === ')' ? [] : items(parser) };
}

function items(parser: ExpressionParser): Expr[] {
  const list = [parser.expr()];
  while (parser.tokens.take(',')) list.push(parser.expr());
  return list;
}

function refused(reason: string): Reader {
  return (parser) => {
    throw parser.tokens.refusal(reason, parser.tokens.peek(-2));
  };
}

/** Arguments with clauses of their own, to the closing parenthesis. */
function anything(parser: ExpressionParser): Expr {
  const { tokens } = parser;
  const args = items(parser);
  for (let depth = 0; tokens.code !== ')' || depth > 0;) {
    if (tokens.kind === T.End || tokens.kind === T.Unterminated) throw tokens.error(')');
    if (tokens.code === '(') depth++;
    if (tokens.code === ')') depth--;
    tokens.next();
  }
  return { kind: 'opaque', args };
}

function trim(parser: ExpressionParser): Expr {
  const { tokens } = parser;
  const side = ['BOTH', 'LEADING', 'TRAILING'].find((word) => tokens.take(word));
  if (side !== undefined && tokens.take('FROM')) {
    const name = side === 'BOTH' ? 'TRIM' : side === 'LEADING' ? 'LTRIM' : 'RTRIM';
    return { kind: 'call', name, args: [parser.expr()] };
  }
  const first = parser.expr();
  if (tokens.take('FROM')) return { kind: 'opaque', args: [first, parser.expr()] };
  if (side !== undefined) throw tokens.error('FROM');
  return { kind: 'call', name: 'TRIM', args: [first] };
}

function substring(parser: ExpressionParser): Expr {
  const { tokens } = parser;
  const args = [parser.expr()];
  const words = tokens.code === 'FROM';
  while (tokens.take(words ? (args.length === 1 ? 'FROM' : 'FOR') : ',')) args.push(parser.expr());
  if (args.length < 2 || args.length > 3) throw tokens.error(words ? ')' : 'two or three arguments');
  return { kind: 'call', name: 'SUBSTRING', args };
}

function shift(sign: 1 | -1): Reader {
  return (parser, name) => {
    const { tokens } = parser;
    const arg = parser.expr();
    tokens.expect(',');
    const interval = parser.interval();
    if (interval !== undefined) return { kind: 'shift', sign, arg, ...interval };
    if (name.startsWith('DATE_')) throw tokens.error('INTERVAL');
    return { kind: 'shift', sign, arg, amount: parser.expr(), unit: 'DAY' };
  };
}

function unitFirst(parser: ExpressionParser): Expr {
  if (parser.tokens.code.startsWith('SQL_TSI_')) parser.tokens.next();
  else parser.unit();
  parser.tokens.expect(',');
  return { kind: 'opaque', args: items(parser) };
}

const CAST_TYPES: ReadonlySet<string> = new Set(
  `SIGNED UNSIGNED DECIMAL DEC CHAR NCHAR BINARY DATE DATETIME TIMESTAMP TIME YEAR DOUBLE FLOAT REAL JSON INTEGER INT
  VARCHAR POINT LINESTRING POLYGON MULTIPOINT MULTILINESTRING MULTIPOLYGON GEOMETRYCOLLECTION`.split(/\s+/),
);

/** The type behind AS, with all that may stand there. */
function cast(parser: ExpressionParser, arg: Expr): Expr {
  const { tokens } = parser;
  const name = tokens.code;
  if (!CAST_TYPES.has(name)) throw tokens.error('a type of CAST');
  tokens.next();
  const type: CastType = { name };
  if (name === 'SIGNED' || name === 'UNSIGNED') {
    if (!tokens.take('INTEGER')) tokens.take('INT');
  } else if (name === 'DOUBLE') {
    tokens.take('PRECISION');
  }
  if (tokens.take('(')) {
    type.length = tokens.count();
    if (tokens.take(',')) type.decimals = tokens.count();
    tokens.expect(')');
  }
  if (tokens.take('CHARACTER', 'SET') || tokens.take('CHARSET')) type.charset = tokens.ident().toLowerCase();
  if (tokens.take('ARRAY')) throw tokens.refusal('CAST to an array cannot be used in an expression filter');
  return { kind: 'cast', arg, type };
}
