import { asBoolean, asDouble, asNumber } from './convert.js';
import { INTEGER, UNKNOWN, fold, map, type Node, type Scalar } from './node.js';

/** What is known for each part decides as soon as it can: `FALSE AND` anything is FALSE, even if only a server knows it. */
function decide(nodes: readonly Node[], decisive: 0 | 1): Node {
  const runs = nodes.map((node) => asBoolean(node).run);
  return fold({
    type: INTEGER,
    truth: true,
    literal: nodes.every((node) => node.literal === true),
    run: (image, moment) => {
      let result: Scalar = decisive === 0 ? 1 : 0;
      for (const run of runs) {
        const value = run(image, moment);
        if (value === decisive) return decisive;
        if (value === undefined) result = undefined;
        else if (value === null && result !== undefined) result = null;
      }
      return result;
    },
  });
}

/** AND of all. */
export function allOf(nodes: readonly Node[]): Node {
  return decide(nodes, 0);
}

/** OR of all. */
export function anyOf(nodes: readonly Node[]): Node {
  return decide(nodes, 1);
}

export function not(node: Node): Node {
  const boolean = asBoolean(node);
  if (boolean.type.is === 'unknown' || boolean.type.is === 'null') return boolean;
  return { ...map(boolean, INTEGER, (value) => (value === 0 ? 1 : 0)), truth: true };
}

export function xor(left: Node, right: Node): Node {
  const a = wholeBoolean(left);
  const b = wholeBoolean(right);
  return fold({
    type: INTEGER,
    truth: true,
    literal: left.literal === true && right.literal === true,
    run: (image, moment) => {
      const x = a.run(image, moment);
      const y = b.run(image, moment);
      if (x === null || y === null) return null;
      if (x === undefined || y === undefined) return undefined;
      return x === y ? 0 : 1;
    },
  });
}

/** Some servers take the whole part of a number here: of what lies between 0 and 1 nothing is known. */
function wholeBoolean(node: Node): Node {
  if (node.truth === true) return node;
  const number = asNumber(node);
  if (number.type.is === 'integer') return asBoolean(number);
  return map(asDouble(node), INTEGER, (value) => {
    const size = Math.abs(value as number);
    return size > 0 && size < 1 ? undefined : size === 0 ? 0 : 1;
  });
}

/** `IS [NOT] NULL`, `TRUE`, `FALSE`, `UNKNOWN`. */
export function isState(node: Node, what: 'null' | 'true' | 'false' | 'unknown', negated: boolean): Node {
  // Whether a value is NULL is known of every column, whatever its type.
  const run = what === 'null' ? (node.presence ?? node.run) : asBoolean(node).run;
  const wanted = what === 'true' ? 1 : what === 'false' ? 0 : null;
  return fold({
    type: INTEGER,
    truth: true,
    literal: node.literal === true,
    run: (image, moment) => {
      const value = run(image, moment);
      return value === undefined ? undefined : (value === wanted) === negated ? 0 : 1;
    },
  });
}

/** The first branch whose condition is TRUE. All values must be of `type`. */
export function choose(branches: readonly { when: Node; value: Node }[], otherwise: Node, type: Node['type']): Node {
  if (type.is === 'unknown') return UNKNOWN;
  const tests = branches.map(({ when, value }) => ({ test: asBoolean(when).run, value: value.run }));
  return {
    type,
    run: (image, moment) => {
      for (const { test, value } of tests) {
        const verdict = test(image, moment);
        if (verdict === undefined) return undefined;
        if (verdict === 1) return value(image, moment);
      }
      return otherwise.run(image, moment);
    },
  };
}
