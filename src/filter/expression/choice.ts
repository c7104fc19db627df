import type { Expr } from './ast.js';
import { comparison, commonCollation, isPlainMember } from './compare.js';
import { asDecimal, asDouble } from './convert.js';
import { choose } from './logic.js';
import { UNKNOWN, constant, type Node, type SqlType, type TextType } from './node.js';

const NULL_NODE = constant({ is: 'null' }, null);

/** Values of which one is chosen, brought to the type that all of them share; undefined where that is not known here. */
export function unify(nodes: readonly Node[]): { type: SqlType; nodes: readonly Node[] } | undefined {
  const typed = nodes.filter(({ type }) => type.is !== 'null');
  const kinds = new Set(typed.map(({ type }) => type.is));
  const [first] = typed;
  if (first === undefined) return { type: NULL_NODE.type, nodes };
  if (kinds.has('unknown') || kinds.has('bytes')) return undefined;
  if (kinds.size === 1) return unifyAlike(first.type, typed, nodes);
  if (![...kinds].every((kind) => kind === 'integer' || kind === 'decimal' || kind === 'double')) return undefined;
  const convert = kinds.has('double') ? asDouble : asDecimal;
  return { type: { is: kinds.has('double') ? 'double' : 'decimal' }, nodes: nodes.map(convert) };
}

function unifyAlike(first: SqlType, typed: readonly Node[], nodes: readonly Node[]): ReturnType<typeof unify> {
  if (first.is === 'integer') {
    const same = typed.every(({ type }) => type.is === 'integer' && type.unsigned === first.unsigned);
    return same ? { type: first, nodes } : { type: { is: 'decimal' }, nodes: nodes.map(asDecimal) };
  }
  if (first.is === 'text') {
    const types = typed.flatMap(({ type }): TextType[] => (type.is === 'text' ? [type] : []));
    const common = commonCollation(typed, ...types);
    return common === undefined ? undefined : { type: common, nodes };
  }
  if (first.is === 'datetime' || first.is === 'time') {
    const digits = Math.max(...typed.map(({ type }) => ('digits' in type ? type.digits : 0)));
    return { type: { is: first.is, digits }, nodes };
  }
  return { type: first, nodes };
}

/** CASE in both of its forms. */
export function caseNode(expr: Extract<Expr, { kind: 'case' }>, compile: (part: Expr) => Node): Node {
  const subject = expr.subject === undefined ? undefined : compile(expr.subject);
  const conditions = expr.branches.map(({ when }) => {
    const node = compile(when);
    if (subject === undefined) return node;
    return isPlainMember(subject, node) ? comparison('=', subject, node) : UNKNOWN;
  });
  const values = expr.branches.map(({ value }) => compile(value));
  return chosen(conditions, [...values, expr.otherwise === undefined ? NULL_NODE : compile(expr.otherwise)]);
}

/** The value of the first TRUE condition; the last value stands behind all of them. */
export function chosen(conditions: readonly Node[], values: readonly Node[]): Node {
  const unified = unify(values);
  if (unified === undefined) return UNKNOWN;
  const branches = conditions.map((when, at) => ({ when, value: unified.nodes[at] ?? NULL_NODE }));
  return asChoice(choose(branches, unified.nodes.at(-1) ?? NULL_NODE, unified.type), values);
}

/** ENUM and SET are chosen as texts; what their number is then, the server knows. */
function asChoice(node: Node, values: readonly Node[]): Node {
  return values.some(({ number }) => number !== undefined) ? { ...node, number: UNKNOWN } : node;
}

/** The first value that is not NULL. */
export function coalesce(values: readonly Node[]): Node {
  const unified = unify(values);
  if (unified === undefined) return UNKNOWN;
  const runs = unified.nodes.map(({ run }) => run);
  const node: Node = {
    type: unified.type,
    run: (image, moment) => {
      for (const run of runs) {
        const value = run(image, moment);
        if (value !== null) return value;
      }
      return null;
    },
  };
  return asChoice(node, values);
}

/** NULL when both are equal, else the first. */
export function nullIf(left: Node, right: Node): Node {
  if (left.type.is !== 'integer' && left.type.is !== 'text') return UNKNOWN;
  return asChoice(choose([{ when: comparison('=', left, right), value: NULL_NODE }], left, left.type), [left]);
}
