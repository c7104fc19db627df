import type { TypedJson, TypedJsonValue } from '../sync/events.js';
import { CorruptEventError, Cursor } from './cursor.js';
import { jsonQuote, jsonValue } from './json-binary.js';

/** A document taken apart. Scalars stay as the server printed them. */
type Node =
  | { kind: 'object'; members: Map<string, Node> }
  | { kind: 'array'; items: Node[] }
  | { kind: 'scalar'; text: string; typed?: TypedJsonValue['value'] };

/** Operations of a difference (`enum_json_diff_operation`). */
const Operation = { replace: 0, insert: 1, remove: 2 } as const;

/**
 * The document after a partial update (`binlog_row_value_options = PARTIAL_JSON`): the one before with the logged
 * differences made in it.
 *
 * @param before - as in the row's image of before
 * @param diffs - differences as logged: operation, path and new value of each
 * @throws CorruptEventError when they do not fit the document
 */
export function applyJsonDiffs(before: string | TypedJson, diffs: Buffer): string | TypedJson {
  let root = parseDocument(before);
  const cursor = new Cursor(diffs);
  while (cursor.remaining > 0) {
    const operation = cursor.u8();
    const path = parsePath(cursor.utf8(cursor.lengthEncoded()));
    const value =
      operation === Operation.remove ? undefined : parseDocument(jsonValue(cursor.slice(cursor.lengthEncoded())));
    const leg = path.pop();
    if (leg === undefined) {
      if (operation !== Operation.replace || value === undefined) throw misfit('$');
      root = value;
    } else change(find(root, path), leg, operation, value);
  }
  return printDocument(root);
}

type Leg = string | number;

function find(root: Node, path: readonly Leg[]): Node {
  let node: Node | undefined = root;
  for (const leg of path) {
    if (node?.kind === 'object' && typeof leg === 'string') node = node.members.get(leg);
    else if (node?.kind === 'array' && typeof leg === 'number') node = node.items[leg];
    else node = undefined;
  }
  if (node === undefined) throw misfit(path.join(', '));
  return node;
}

function change(parent: Node, leg: Leg, operation: number, value: Node | undefined): void {
  if (parent.kind === 'object' && typeof leg === 'string') {
    if (operation !== Operation.insert && !parent.members.has(leg)) throw misfit(leg);
    if (value === undefined) parent.members.delete(leg);
    else parent.members.set(leg, value);
    return;
  }
  if (parent.kind !== 'array' || typeof leg !== 'number') throw misfit(String(leg));
  if (operation !== Operation.insert && leg >= parent.items.length) throw misfit(String(leg));
  const inserted = value === undefined ? [] : [value];
  parent.items.splice(leg, operation === Operation.insert ? 0 : 1, ...inserted);
}

function misfit(path: string): CorruptEventError {
  return new CorruptEventError(`a difference of a JSON document does not fit it, at ${path}`);
}

/** `$.name."quoted name"[0]`; without wildcards. */
function parsePath(text: string): Leg[] {
  const legs: Leg[] = [];
  const pattern = /\.("(?:[^"\\]|\\.)*"|[^."[\]]+)|\[(\d+)\]/gy;
  pattern.lastIndex = 1;
  for (let at = 1; at < text.length; at = pattern.lastIndex) {
    const match = pattern.exec(text);
    if (match === null) throw new CorruptEventError(`bad path ${text} of a JSON difference`);
    const [, name, index] = match;
    if (name === undefined) legs.push(Number(index));
    else legs.push(name.startsWith('"') ? (JSON.parse(name) as string) : name);
  }
  return legs;
}

// --- text to nodes and back ------------------------------------------------------------------------------------------

function parseDocument(document: string | TypedJson): Node {
  const text = typeof document === 'string' ? document : document.bytes.toString();
  const root = new DocumentReader(text).read();
  if (typeof document === 'string') return root;
  for (const { path, value } of document.typed) {
    const node = find(root, parsePath(path));
    if (node.kind === 'scalar') node.typed = value;
  }
  return root;
}

/** Reads what the server prints; numbers keep their text, which says more than a number of ours can hold. */
class DocumentReader {
  readonly #text: string;
  readonly #token = /\s*("(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+)/gy;

  constructor(text: string) {
    this.#text = text;
  }

  read(): Node {
    return this.#value(this.#next());
  }

  #next(): string {
    const match = this.#token.exec(this.#text);
    if (match?.[1] === undefined) throw new CorruptEventError('a JSON document ends too early');
    return match[1];
  }

  #value(token: string): Node {
    if (token === '{') return this.#object();
    if (token === '[') return this.#array();
    return { kind: 'scalar', text: token };
  }

  #object(): Node {
    const members = new Map<string, Node>();
    for (let token = this.#next(); token !== '}'; token = this.#next()) {
      const key = token === ',' ? this.#next() : token;
      this.#next();
      members.set(JSON.parse(key) as string, this.#value(this.#next()));
    }
    return { kind: 'object', members };
  }

  #array(): Node {
    const items: Node[] = [];
    for (let token = this.#next(); token !== ']'; token = this.#next()) {
      items.push(this.#value(token === ',' ? this.#next() : token));
    }
    return { kind: 'array', items };
  }
}

function printDocument(root: Node): string | TypedJson {
  const typed: TypedJsonValue[] = [];
  const text = print(root, '$', typed);
  return typed.length === 0 ? text : { charset: 'utf8mb4', bytes: Buffer.from(text), typed };
}

function print(node: Node, path: string, typed: TypedJsonValue[]): string {
  if (node.kind === 'scalar') {
    if (node.typed !== undefined) typed.push({ path, value: node.typed });
    return node.text;
  }
  if (node.kind === 'array') {
    return `[${node.items.map((item, index) => print(item, `${path}[${index}]`, typed)).join(', ')}]`;
  }
  const parts = [...node.members].sort(([a], [b]) => compareKeys(a, b));
  const members = parts.map(([name, member]) => {
    const key = jsonQuote(name);
    return `${key}: ${print(member, `${path}.${key}`, typed)}`;
  });
  return `{${members.join(', ')}}`;
}

/** The server's order of members: by length in bytes, then by bytes. */
function compareKeys(a: string, b: string): number {
  const [first, second] = [Buffer.from(a), Buffer.from(b)];
  return first.length - second.length || Buffer.compare(first, second);
}
