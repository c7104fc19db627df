/** JSON as dmctl prints it: 4 blanks a level, and an empty list on two lines. */
export function formatJson(value: unknown): string {
  return write(value, '', (text) => JSON.stringify(text));
}

/**
 * The same for reading at a terminal: texts of several lines, such as the file of `get-config` or the details of a check, stand
 * there as such, as DM prints them (scenarios 0.2). That is no JSON any more.
 */
export function formatForReading(value: unknown): string {
  return write(value, '', (text) => (text.includes('\n') ? openText(text) : JSON.stringify(text)));
}

/** Line breaks, tabs and quotes as they are; other control characters stay escaped, for a terminal obeys them. */
function openText(text: string): string {
  const plain: Record<string, string> = { n: '\n', t: '    ', '"': '"', '\\': '\\' };
  return JSON.stringify(text).replaceAll(/\\(.)/g, (escape, letter: string) => plain[letter] ?? escape);
}

const INDENT = '    ';

function write(value: unknown, margin: string, text: (value: string) => string): string {
  if (typeof value === 'string') return text(value);
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  const inner = margin + INDENT;
  if (Array.isArray(value)) {
    if (value.length === 0) return `[\n${margin}]`;
    return `[\n${value.map((item) => inner + write(item, inner, text)).join(',\n')}\n${margin}]`;
  }
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  if (entries.length === 0) return `{\n${margin}}`;
  const lines = entries.map(([key, item]) => `${inner}${JSON.stringify(key)}: ${write(item, inner, text)}`);
  return `{\n${lines.join(',\n')}\n${margin}}`;
}
