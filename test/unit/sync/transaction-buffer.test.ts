import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { BinlogEvent, RowsEvent } from '../../../src/sync/events.js';
import { TransactionBuffer } from '../../../src/sync/transaction-buffer.js';

/** What a transaction does: a number is a row. */
type Step = number | { savepoint: string } | { back: string };

const base = { start: { name: 'b', pos: 4 }, end: { name: 'b', pos: 5 }, timestamp: 1 };
const partial = (event: object): BinlogEvent => ({ ...base, ...event }) as BinlogEvent;

function eventsOf(steps: readonly Step[], committed: boolean): BinlogEvent[] {
  const inner = steps.map((step) => {
    if (typeof step === 'number')
      return partial({ type: 'rows', rows: [{ kind: 'insert', after: [step] }], bytes: 10 });
    const sql = 'savepoint' in step ? `SAVEPOINT \`${step.savepoint}\`` : `ROLLBACK TO "${step.back}"`;
    return partial({ type: 'query', sql, inTransaction: true });
  });
  return [partial({ type: 'gtid' }), ...inner, partial({ type: 'commit', committed })];
}

/** The rows that a server has in the end. */
function meaning(steps: readonly Step[], committed: boolean): number[] {
  let rows: number[] = [];
  const savepoints = new Map<string, number>();
  for (const step of steps) {
    if (typeof step === 'number') rows.push(step);
    else if ('savepoint' in step) savepoints.set(step.savepoint, rows.length);
    else rows = rows.slice(0, savepoints.get(step.back) ?? 0);
  }
  return committed ? rows : [];
}

const valueOf = (event: RowsEvent): number[] =>
  event.rows.map((row) => Number(row.kind === 'insert' ? row.after[0] : NaN));

test.each([Infinity, 35, 0])(
  'with room for %s bytes, just the rows that stay are applied, and all are counted',
  async (room) => {
    const savepoint = fc.constantFrom('a', 'b');
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.nat() },
      savepoint.map((name) => ({ savepoint: name })),
      savepoint.map((name) => ({ back: name })),
    );
    const transactions = fc.array(fc.tuple(fc.array(step, { maxLength: 12 }), fc.boolean()), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(transactions, async (all) => {
        // A server goes back only to savepoints that it has.
        const known = all.map(([steps, committed]) => [steps.filter(isPossible), committed] as const);
        const seen: { applied: number[]; counted: number } = { applied: [], counted: 0 };
        const buffer = new TransactionBuffer(
          {
            apply: (event) => {
              if (event.type === 'rows') {
                seen.applied.push(...valueOf(event));
                seen.counted += event.rows.length;
              }
              return undefined;
            },
            passOver: ({ rows }) => void (seen.counted += rows.length),
          },
          () => false,
          room,
        );
        for (const [steps, committed] of known) {
          for (let reads = 1; ; reads++) {
            buffer.rewind();
            for (const event of eventsOf(steps, committed)) await buffer.apply(event);
            if (!buffer.takeRestart()) break;
            expect(reads).toBe(1);
          }
          // The next transaction stands elsewhere.
          await buffer.apply({ ...partial({ type: 'gtid' }), end: { name: 'b', pos: 99 } });
        }
        expect(seen.applied).toEqual(known.flatMap(([steps, committed]) => meaning(steps, committed)));
        expect(seen.counted).toBe(known.flatMap(([steps]) => steps).filter((one) => typeof one === 'number').length);
      }),
    );
  },
);

function isPossible(step: Step, at: number, steps: readonly Step[]): boolean {
  if (typeof step === 'number' || 'savepoint' in step) return true;
  return steps
    .slice(0, at)
    .some((before) => typeof before === 'object' && 'savepoint' in before && before.savepoint === step.back);
}
