/** A piece of an expression's text: an identifier, or anything else. */
interface Piece {
  text: string;
  /** Unquoted name when the piece is an identifier that may be a column. */
  identifier?: string;
}

const WORD = /^[A-Za-z_$\u0080-\uffff][\w$\u0080-\uffff]*/;

/**
 * Cuts an expression into identifiers and the rest. Functions (a word before `(`) and qualifiers (a word before `.`) are
 * not columns; string literals and comments are passed over.
 */
function pieces(expression: string): Piece[] {
  const result: Piece[] = [];
  let at = 0;
  while (at < expression.length) {
    const char = expression[at] ?? '';
    if (char === "'" || char === '"') {
      const end = endOfQuoted(expression, at, char);
      result.push({ text: expression.slice(at, end) });
      at = end;
    } else if (char === '`') {
      const end = endOfQuoted(expression, at, '`');
      const text = expression.slice(at, end);
      const name = text.slice(1, -1).replaceAll('``', '`');
      result.push(isColumnPlace(expression, end) ? { text, identifier: name } : { text });
      at = end;
    } else {
      const word = WORD.exec(expression.slice(at))?.[0];
      if (word === undefined) {
        const plain = /^[0-9][\w.]*/.exec(expression.slice(at))?.[0] ?? char;
        result.push({ text: plain });
        at += plain.length;
      } else {
        at += word.length;
        const introducer = word.startsWith('_') && /^\s*'/.test(expression.slice(at));
        const column = !introducer && isColumnPlace(expression, at);
        result.push(column ? { text: word, identifier: word } : { text: word });
      }
    }
  }
  return result;
}

function isColumnPlace(expression: string, end: number): boolean {
  return !/^\s*[(.]/.test(expression.slice(end));
}

function endOfQuoted(text: string, start: number, quote: string): number {
  let at = start + 1;
  while (at < text.length) {
    if (text[at] === '\\' && quote !== '`') at += 2;
    else if (text[at] === quote) {
      if (text[at + 1] !== quote) return at + 1;
      at += 2;
    } else at++;
  }
  return text.length;
}

/** Lower-case words of an expression that may name columns (keywords are among them). */
export function possibleColumns(expression: string): Set<string> {
  const names = new Set<string>();
  for (const piece of pieces(expression)) if (piece.identifier !== undefined) names.add(piece.identifier.toLowerCase());
  return names;
}

/** The expression with columns renamed; `names` maps lower-case old names to new ones. */
export function renameInExpression(expression: string, names: ReadonlyMap<string, string>): string {
  if (names.size === 0) return expression;
  return pieces(expression)
    .map((piece) => {
      const to = piece.identifier === undefined ? undefined : names.get(piece.identifier.toLowerCase());
      return to === undefined ? piece.text : `\`${to.replaceAll('`', '``')}\``;
    })
    .join('');
}
