import { arithmetic } from './arithmetic.js';
import { chosen, coalesce, nullIf } from './choice.js';
import { NUMBER_FUNCTIONS } from './functions-number.js';
import { TEXT_FUNCTIONS } from './functions-text.js';
import { TIME_FUNCTIONS } from './functions-time.js';
import { isState } from './logic.js';
import { UNKNOWN, type Node } from './node.js';

/** Compiles the call of one function; UNKNOWN where it is not known here for such arguments. */
export type FunctionCompiler = (args: readonly Node[]) => Node;

const CONTROL_FUNCTIONS: Record<string, FunctionCompiler> = {
  IF: ([test, yes, no]) => (test && yes && no ? chosen([test], [yes, no]) : UNKNOWN),
  IFNULL: (args) => (args.length === 2 ? coalesce(args) : UNKNOWN),
  COALESCE: coalesce,
  NULLIF: ([left, right]) => (left && right ? nullIf(left, right) : UNKNOWN),
  ISNULL: ([arg]) => (arg ? isState(arg, 'null', false) : UNKNOWN),
  MOD: ([left, right]) => (left && right ? arithmetic('%', left, right) : UNKNOWN),
};

/** Functions that are evaluated here; all others only by a server. */
const FUNCTIONS = new Map<string, FunctionCompiler>(
  Object.entries({ ...CONTROL_FUNCTIONS, ...NUMBER_FUNCTIONS, ...TEXT_FUNCTIONS, ...TIME_FUNCTIONS }),
);

/** Most arguments of those that take a fixed number: with more the server says what is wrong. */
const MOST_ARGUMENTS: Record<string, number> = { IF: 3, NULLIF: 2, ISNULL: 1, MOD: 2 };

/** A call of a function by its upper-case name. */
export function callNode(name: string, args: readonly Node[]): Node {
  const compiler = FUNCTIONS.get(name);
  if (compiler === undefined || args.length > (MOST_ARGUMENTS[name] ?? args.length)) return UNKNOWN;
  return compiler(args);
}
