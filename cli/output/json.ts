/** JSON as dmctl prints it: 4 blanks a level, and an empty list on two lines. */
export function formatJson(value: unknown): string {
  return write(value, '');
}

const INDENT = '    ';

function write(value: unknown, margin: string): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  const inner = margin + INDENT;
  if (Array.isArray(value)) {
    if (value.length === 0) return `[\n${margin}]`;
    return `[\n${value.map((item) => inner + write(item, inner)).join(',\n')}\n${margin}]`;
  }
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  if (entries.length === 0) return `{\n${margin}}`;
  const lines = entries.map(([key, item]) => `${inner}${JSON.stringify(key)}: ${write(item, inner)}`);
  return `{\n${lines.join(',\n')}\n${margin}}`;
}
