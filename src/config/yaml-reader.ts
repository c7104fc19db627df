import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
  type Alias,
  type Document,
  type Node,
  type Pair,
  type YAMLParseError,
} from 'yaml';
import { z } from 'zod';

import { dmError } from '../errors/dm-error.js';
import type { DmError, DmErrorOptions } from '../errors/dm-error.js';
import type { ErrorCode } from '../errors/table.js';
import { suggest } from './suggest.js';

/** A key's place in a file: names and list indexes from the root. */
export type KeyPath = readonly (string | number)[];

/** Most values a file may hold, aliases expanded: a few nested aliases can stand for billions. */
const MAX_VALUES = 200_000;

/** Most findings that one error lists. */
const MAX_FINDINGS = 10;

interface Finding {
  path: KeyPath;
  text: string;
}

/** A YAML file that was checked against its schema, with the place of each key for later complaints. */
export interface ConfigDocument<T> {
  readonly file: string;
  readonly value: T;
  /** The error of `code` about the value at `path`, its message led by file, line, column and key. */
  errorAt(path: KeyPath, code: ErrorCode, args?: readonly unknown[], options?: DmErrorOptions): DmError;
  /** An error of a later step about the value at `path`, its message led in the same way. */
  placed(path: KeyPath, error: DmError): DmError;
  /** Whether the file itself has the key. */
  has(path: KeyPath): boolean;
}

/**
 * Reads a YAML text against a schema. A number or boolean where the schema wants text is taken as it is written
 * (`password: 0123` is the text `0123`); a key without a value counts as absent.
 *
 * @param file name for messages, as the user gave it
 * @throws DmError 20003 for bad syntax, duplicate keys, unknown keys (with a suggestion) and values of a wrong type
 */
export function readYaml<S extends z.ZodType>(text: string, file: string, schema: S): ConfigDocument<z.output<S>> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, keepSourceTokens: false, prettyErrors: false });
  const anchors = resolveAliases(document, text);
  const place = new Places(file, document, lines, anchors);
  const broken = document.errors[0];
  if (broken !== undefined) {
    throw dmError(20003, [`${place.ofOffset(broken.pos[0])}${syntaxProblem(broken, text)}`]);
  }
  const reader = new SchemaReader(anchors);
  const raw = document.contents === null ? {} : reader.read(document.contents, schema, []);
  const parsed = schema.safeParse(raw ?? {}, { reportInput: true });
  const findings = [...reader.findings];
  if (!parsed.success) findings.push(...parsed.error.issues.map((issue) => findingOf(issue)));
  if (findings.length > 0 || !parsed.success) throw findingsError(findings, place);
  return {
    file,
    value: parsed.data,
    errorAt: (path, code, args = [], options = {}) => dmError(code, args, options).annotate(place.ofPath(path)),
    placed: (path, error) => error.annotate(place.ofPath(path)),
    has: (path) => document.hasIn([...path]),
  };
}

function syntaxProblem(error: YAMLParseError, text: string): string {
  if (error.code !== 'DUPLICATE_KEY') return `: ${error.message}`;
  const key = /^[^\s:]+/.exec(text.slice(error.pos[0]))?.[0] ?? '';
  return `, key "${key}": stands twice in the same map`;
}

function findingsError(findings: Finding[], place: Places): DmError {
  const shown = findings.slice(0, MAX_FINDINGS).map((finding) => `${place.ofPath(finding.path)}: ${finding.text}`);
  if (findings.length > shown.length) shown.push(`and ${findings.length - shown.length} more`);
  return dmError(20003, [shown.join('; ')]);
}

/** Says where in a file something stands. */
class Places {
  private readonly file: string;
  private readonly document: Document.Parsed;
  private readonly lines: LineCounter;
  private readonly anchors: ReadonlyMap<Alias, Node>;

  constructor(file: string, document: Document.Parsed, lines: LineCounter, anchors: ReadonlyMap<Alias, Node>) {
    this.file = file;
    this.document = document;
    this.lines = lines;
    this.anchors = anchors;
  }

  ofOffset(offset: number): string {
    const { line, col } = this.lines.linePos(offset);
    return `${this.file}, line ${Math.max(line, 1)}, column ${Math.max(col, 1)}`;
  }

  /** Place of a key; of the nearest enclosing one when it is missing. */
  ofPath(path: KeyPath): string {
    const where = this.ofOffset(this.offsetOf(path));
    return path.length === 0 ? where : `${where}, key "${formatPath(path)}"`;
  }

  private offsetOf(path: KeyPath): number {
    let node: unknown = this.document.contents;
    let offset = this.document.contents?.range?.[0] ?? 0;
    for (const step of path) {
      if (isAlias(node)) node = this.anchors.get(node);
      if (isMap(node)) {
        const pair: Pair | undefined = node.items.find((item) => keyText(item.key) === String(step));
        if (pair === undefined) break;
        offset = (pair.key as Node | null)?.range?.[0] ?? offset;
        node = pair.value;
      } else if (isSeq(node) && typeof step === 'number' && node.items[step] !== undefined) {
        node = node.items[step];
        offset = (node as Node | null)?.range?.[0] ?? offset;
      } else {
        break;
      }
    }
    return offset;
  }
}

/** Turns YAML nodes into plain values along a schema, which tells unknown keys and what a plain scalar means. */
class SchemaReader {
  readonly findings: Finding[] = [];
  private readonly anchors: ReadonlyMap<Alias, Node>;
  private readonly merging = new Set<Node>();
  private values = 0;

  constructor(anchors: ReadonlyMap<Alias, Node>) {
    this.anchors = anchors;
  }

  read(node: Node | null | undefined, schema: z.ZodType, path: KeyPath): unknown {
    if (++this.values > MAX_VALUES) throw dmError(20003, [`the file holds more than ${MAX_VALUES} values`]);
    const target = isAlias(node) ? this.resolve(node, path) : node;
    const wanted = unwrap(schema);
    if (isMap(target)) return this.readMap(target.items as Pair<Node, Node | null>[], wanted, path);
    if (isSeq(target)) {
      const items = target.items as (Node | null)[];
      // A list where none is wanted is only named as such: the schema refuses it, whatever it holds.
      if (!(wanted instanceof z.ZodArray)) return [];
      return items.map((item, index) => {
        const value = this.read(item, wanted.element as z.ZodType, [...path, index]);
        return value === undefined ? null : value;
      });
    }
    return isScalar(target) ? scalarValue(target.value, target.source, wanted) : undefined;
  }

  private resolve(alias: Alias, path: KeyPath): Node | undefined {
    const target = this.anchors.get(alias);
    if (target === undefined) this.findings.push({ path, text: `nothing is anchored as &${alias.source}` });
    return target;
  }

  private readMap(pairs: Pair<Node, Node | null>[], schema: z.ZodType, path: KeyPath): Record<string, unknown> {
    const result: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
    if (!(schema instanceof z.ZodObject) && !(schema instanceof z.ZodRecord)) return result;
    const merged: (Node | null)[] = [];
    for (const pair of pairs) {
      const key = keyText(pair.key);
      if (key === '<<') merged.push(pair.value);
      else this.readEntry(result, key, pair.value, schema, path);
    }
    for (const node of merged) this.mergeInto(result, node, schema, path);
    return { ...result };
  }

  private readEntry(
    result: Record<string, unknown>,
    key: string,
    node: Node | null,
    schema: z.ZodObject | z.ZodRecord,
    path: KeyPath,
  ): void {
    const here = [...path, key];
    const child = schema instanceof z.ZodObject ? childOf(schema, key) : (schema.valueType as z.ZodType);
    if (child === undefined) {
      const known = Object.keys((schema as z.ZodObject).shape);
      this.findings.push({ path: here, text: `unknown key${suggest(key, known)}` });
      return;
    }
    if (key === '__proto__') {
      // An object of this language cannot have it as a plain key, so it would get lost.
      this.findings.push({ path: here, text: 'cannot be used as a name' });
      return;
    }
    const value = this.read(node, child, here);
    if (value !== undefined) result[key] = value;
    else if (schema instanceof z.ZodRecord) result[key] = unwrap(child) instanceof z.ZodObject ? {} : '';
  }

  /** YAML's merge key: entries of other maps fill in what the map does not say itself. */
  private mergeInto(
    result: Record<string, unknown>,
    node: Node | null,
    schema: z.ZodObject | z.ZodRecord,
    path: KeyPath,
  ): void {
    const target = isAlias(node) ? this.resolve(node, path) : node;
    const sources = isSeq(target) ? (target.items as Node[]) : [target];
    for (const source of sources) {
      const map = isAlias(source) ? this.resolve(source, path) : source;
      if (!isMap(map) || this.merging.has(map)) {
        this.findings.push({ path, text: 'the merge key `<<` must stand for another map' });
        return;
      }
      this.merging.add(map);
      const entries = this.readMap(map.items as Pair<Node, Node | null>[], schema, path);
      this.merging.delete(map);
      for (const [key, value] of Object.entries(entries)) if (!(key in result)) result[key] = value;
    }
  }
}

/** What each alias stands for. One walk over the document: looking each up by itself would walk it every time. */
function resolveAliases(document: Document.Parsed, text: string): Map<Alias, Node> {
  const anchored = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  if (!text.includes('*')) return targets;
  visit(document, {
    Node: (_key, node) => {
      if (isAlias(node)) {
        const target = anchored.get(node.source);
        if (target !== undefined) targets.set(node, target);
      } else if (node.anchor !== undefined) {
        anchored.set(node.anchor, node);
      }
    },
  });
  return targets;
}

function childOf(schema: z.ZodObject, key: string): z.ZodType | undefined {
  return Object.hasOwn(schema.shape, key) ? (schema.shape[key] as z.ZodType) : undefined;
}

function unwrap(schema: z.ZodType): z.ZodType {
  let inner = schema;
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodNullable) inner = inner.unwrap() as z.ZodType;
  return inner;
}

/** What a scalar means where the schema wants `wanted`. `undefined` for one without a value. */
function scalarValue(value: unknown, source: string | undefined, wanted: z.ZodType): unknown {
  if (value === null) return undefined;
  if (wanted instanceof z.ZodString && typeof value !== 'string') return source ?? '';
  if (wanted instanceof z.ZodBoolean && typeof value === 'string')
    return YAML_1_1_BOOLEANS.get(value.toLowerCase()) ?? value;
  return value;
}

/** Spellings that YAML 1.1, the version of DM's files, reads as booleans. */
const YAML_1_1_BOOLEANS = new Map([
  ['yes', true],
  ['on', true],
  ['y', true],
  ['no', false],
  ['off', false],
  ['n', false],
]);

function keyText(key: unknown): string {
  return isScalar(key) ? (key.source ?? String(key.value)) : String(key);
}

function findingOf(issue: z.core.$ZodIssue): Finding {
  const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
  if (issue.code === 'invalid_type') {
    const received = issue.input === undefined ? 'nothing' : describe(issue.input);
    return { path, text: `expected ${EXPECTED[issue.expected] ?? issue.expected}, got ${received}` };
  }
  return { path, text: issue.message };
}

const EXPECTED: Record<string, string> = {
  int: 'a whole number',
  number: 'a number',
  string: 'a text',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map of keys',
  record: 'a map of names',
};

function describe(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map of keys';
  return typeof value === 'string' ? `the text ${excerpt(value)}` : JSON.stringify(value);
}

/** Longest text, in characters, that a message repeats: a file that is none of ours can be one text of many MB. */
const EXCERPT_LENGTH = 80;

/** Quoted as in JSON, so that control characters do not reach the terminal. */
function excerpt(text: string): string {
  return JSON.stringify(text.length > EXCERPT_LENGTH ? `${text.slice(0, EXCERPT_LENGTH)}...` : text);
}

/** `mysql-instances[0].meta.binlog-pos`. */
export function formatPath(path: KeyPath): string {
  return path.reduce<string>(
    (text, step) => (typeof step === 'number' ? `${text}[${step}]` : text === '' ? step : `${text}.${step}`),
    '',
  );
}
