import type { DbConnection } from '../../mysql/connect.js';
import type { Table } from '../../schema/model.js';
import type { RowChange, RowImage } from '../../sync/events.js';
import { bindColumns } from './columns.js';
import { compileCondition, type Condition, type Moment } from './compile.js';
import type { ParsedExpression, ParsedRule } from './rule.js';
import { askServer } from './server.js';
import { serverText, type ServerText } from './server-text.js';

/** What an expression needs beside the row. */
export interface EvaluationOptions {
  /**
   * A connection to a server (the downstream) that evaluates what cannot be told here. Asked for once per batch of rows:
   * after a failure it must be a new one. The session is set up for evaluation: give it to nothing else.
   */
  server: () => Promise<DbConnection>;
}

/** The rules of one table. */
export interface RowFilter {
  /**
   * For each row whether it is dropped. Synchronous as long as the evaluator here knows all.
   * @throws DmError 10002, 10003, 10005 (rejected promise) when the server had to be asked and failed; nothing is
   * remembered, so the same rows may be asked about again
   */
  dropped(rows: readonly RowChange[]): boolean[] | Promise<boolean[]>;
}

/** Says for an image whether the expression is TRUE; undefined = a server has to say. */
interface Test {
  condition: Condition;
  question: ServerText;
}

/** Tests that drop a row together: all must be TRUE. */
interface Rule {
  before?: Test;
  after?: Test;
}

/** A test that a server has to decide for an image. */
interface OpenTest {
  test: Test;
  image: RowImage;
  answer: boolean;
}

/** A row that is dropped if any of the rules, each with all of its open tests, says so. */
interface OpenRow {
  row: number;
  rules: OpenTest[][];
}

/**
 * The filter of `structure` under its rules; undefined when none of them can drop a row.
 * @throws DmError 20041 for an unknown column
 */
export function tableFilter(
  rules: readonly ParsedRule[],
  structure: Table,
  options: EvaluationOptions,
): RowFilter | undefined {
  const test = (expression: ParsedExpression): Test => {
    const bindings = bindColumns(expression, structure);
    return { condition: compileCondition(expression.expr, bindings), question: serverText(expression, bindings) };
  };
  const kinds: Record<RowChange['kind'], Rule[]> = { insert: [], update: [], delete: [] };
  for (const rule of rules) {
    if (rule.insert !== undefined) kinds.insert.push({ after: test(rule.insert) });
    if (rule.delete !== undefined) kinds.delete.push({ before: test(rule.delete) });
    const update: Rule = {};
    if (rule.updateOld !== undefined) update.before = test(rule.updateOld);
    if (rule.updateNew !== undefined) update.after = test(rule.updateNew);
    if (update.before !== undefined || update.after !== undefined) kinds.update.push(update);
  }
  return rules.length === 0 ? undefined : new TableFilter(kinds, options);
}

class TableFilter implements RowFilter {
  private readonly kinds: Record<RowChange['kind'], Rule[]>;
  private readonly options: EvaluationOptions;

  constructor(kinds: Record<RowChange['kind'], Rule[]>, options: EvaluationOptions) {
    this.kinds = kinds;
    this.options = options;
  }

  dropped(rows: readonly RowChange[]): boolean[] | Promise<boolean[]> {
    const moment: Moment = { now: Date.now() };
    const open: OpenRow[] = [];
    const result = rows.map((change, row) => {
      const verdict = this.decide(change, moment);
      if (typeof verdict === 'boolean') return verdict;
      open.push({ row, rules: verdict });
      return false;
    });
    return open.length === 0 ? result : this.ask(open, result);
  }

  /** The verdict, or the tests that are left to a server. */
  private decide(change: RowChange, moment: Moment): boolean | OpenTest[][] {
    let open: OpenTest[][] | undefined;
    for (const rule of this.kinds[change.kind]) {
      const tests = openTests(rule, change, moment);
      if (tests === true) return true;
      if (tests !== false) (open ??= []).push(tests);
    }
    return open ?? false;
  }

  private async ask(open: readonly OpenRow[], result: boolean[]): Promise<boolean[]> {
    const byQuestion = new Map<Test, OpenTest[]>();
    for (const item of open.flatMap(({ rules }) => rules.flat())) {
      const list = byQuestion.get(item.test);
      if (list === undefined) byQuestion.set(item.test, [item]);
      else list.push(item);
    }
    const connection = await this.options.server();
    for (const [{ question }, items] of byQuestion) {
      const images = items.map(({ image }) => image);
      const answers = await askServer(connection, question, images);
      for (const [at, item] of items.entries()) item.answer = answers[at] ?? false;
    }
    for (const { row, rules } of open) result[row] = rules.some((tests) => tests.every(({ answer }) => answer));
    return result;
  }
}

/** `false`: the rule keeps the row; `true`: drops it; else what must be asked before that is known. */
function openTests(rule: Rule, change: RowChange, moment: Moment): boolean | OpenTest[] {
  const open: OpenTest[] = [];
  for (const [test, image] of [
    [rule.before, change.kind === 'insert' ? undefined : change.before],
    [rule.after, change.kind === 'delete' ? undefined : change.after],
  ] as const) {
    if (test === undefined || image === undefined) continue;
    const verdict = test.condition(image, moment);
    if (verdict === false) return false;
    if (verdict === undefined) open.push({ test, image, answer: false });
  }
  return open.length === 0 ? true : open;
}
