import { T } from '../../ddl/lexer.js';
import { bitDigits, hexDigits, unquoteString } from '../../ddl/literals.js';
import type { Expr } from './ast.js';
import { DIALECT, type Tokens } from './tokens.js';

const UNSIGNED_MAX = (1n << 64n) - 1n;

/** Words before a text that make it a literal of that type. */
const TEMPORAL_WORDS: Record<string, 'date' | 'time' | 'datetime'> = {
  DATE: 'date',
  TIME: 'time',
  TIMESTAMP: 'datetime',
};

const WORD_VALUES: Record<string, Expr> = {
  NULL: { kind: 'null' },
  TRUE: { kind: 'integer', value: 1n },
  FALSE: { kind: 'integer', value: 0n },
};

/** Character sets that stand before a literal as `_name`. */
const INTRODUCER =
  /^_(?:armscii8|ascii|big5|binary|cp\w+|dec8|eucjpms|euckr|gb18030|gb2312|gbk|geostd8|greek|hebrew|hp8|keybcs2|koi8[ru]|latin[1257]|mac\w+|sjis|swe7|tis620|ucs2|ujis|utf8|utf8mb[34]|utf16|utf16le|utf32)$/i;

/** Whether a literal begins here. */
export function atLiteral(tokens: Tokens): boolean {
  const { kind, code } = tokens.peek();
  if (kind === T.Number || kind === T.Hex || kind === T.Bit || kind === T.String || kind === T.NationalString)
    return true;
  if (kind === T.Symbol) return code === '\\' && tokens.peek(1).code === 'N';
  if (kind !== T.Word) return false;
  if (Object.hasOwn(WORD_VALUES, code)) return true;
  const following = tokens.peek(1).kind;
  if (Object.hasOwn(TEMPORAL_WORDS, code)) return following === T.String;
  return (following === T.String || following === T.Hex || following === T.Bit) && INTRODUCER.test(code);
}

/** The literal at the place. */
export function parseLiteral(tokens: Tokens): Expr {
  const item = tokens.peek();
  if (item.kind === T.String) {
    const value = texts(tokens);
    return { kind: 'string', value, start: item.start, end: tokens.peek(-1).end };
  }
  if (item.kind === T.Word) return wordLiteral(tokens);
  tokens.next();
  const text = tokens.slice(item);
  switch (item.kind) {
    case T.Number:
      return number(text);
    case T.Hex:
      return { kind: 'bytes', value: Buffer.from(hexDigits(text), 'hex') };
    case T.Bit:
      return { kind: 'bytes', value: bitBytes(bitDigits(text)) };
    case T.NationalString:
      return { kind: 'string', value: unquoteString(text.slice(1), DIALECT) + texts(tokens), charset: 'utf8mb3' };
    default:
      tokens.next();
      return { kind: 'null' };
  }
}

function wordLiteral(tokens: Tokens): Expr {
  const { code } = tokens.next();
  const value = WORD_VALUES[code];
  if (value !== undefined) return value;
  const type = TEMPORAL_WORDS[code];
  const literal = parseLiteral(tokens);
  if (type !== undefined && literal.kind === 'string') return { kind: 'temporal', type, text: literal.value };
  const charset = code.slice(1).toLowerCase();
  if (literal.kind !== 'string' && literal.kind !== 'bytes') throw tokens.error('a text');
  return { ...literal, charset };
}

/** Texts that follow each other are one. */
function texts(tokens: Tokens): string {
  let value = '';
  while (tokens.kind === T.String) value += unquoteString(tokens.slice(tokens.next()), DIALECT);
  return value;
}

function number(text: string): Expr {
  if (/e/i.test(text)) return { kind: 'double', value: Number(text) };
  if (text.includes('.')) return { kind: 'decimal', text };
  const value = BigInt(text);
  return value > UNSIGNED_MAX ? { kind: 'decimal', text } : { kind: 'integer', value };
}

function bitBytes(digits: string): Buffer {
  const padded = digits.padStart(Math.ceil(digits.length / 8) * 8, '0');
  return Buffer.from((padded.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}
