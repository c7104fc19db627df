import { describe, expect, test } from 'vitest';
import { metaTables } from '../../../src/meta/tables.js';
import type { HeldRows, PreparedXa } from '../../../src/sync/events.js';
import { PreparedTransactions } from '../../../src/sync/xa/prepared.js';

const tables = metaTables('dm_meta', 'task');

function held(bytes: number): HeldRows {
  return { map: Buffer.alloc(0), type: 30, body: Buffer.alloc(bytes) };
}

function prepared(xid: string, rows: PreparedXa['rows'] = [], pos = 4): PreparedXa {
  return { xid, begin: { name: 'binlog.000001', pos }, gtid: '', gtidBefore: '', rows };
}

/** The xids that a flush at the nth transaction end adds or changes, and those that it removes. */
function flush(book: PreparedTransactions, n: number): { added: string[]; removed: string[] } {
  const changes = book.changes(n);
  changes.stored();
  const xids = (verb: string): string[] =>
    [...(changes.statements.find((sql) => sql.startsWith(verb)) ?? '').matchAll(/'(x\d)'/g)].map(([, xid = '']) => xid);
  return { added: xids('REPLACE'), removed: xids('DELETE') };
}

describe('what is stored of prepared transactions', () => {
  test('is what is open at the place of the checkpoint, not at that of the stream', () => {
    const book = new PreparedTransactions(tables, 'source', 1_000);
    book.passed({ prepared: prepared('x1') }, 1);
    book.passed({ prepared: prepared('x2') }, 3);
    book.passed({ ended: 'x1' }, 5);
    expect(flush(book, 0)).toEqual({ added: [], removed: [] });
    expect(flush(book, 2)).toEqual({ added: ['x1'], removed: [] });
    expect(flush(book, 4)).toEqual({ added: ['x2'], removed: [] });
    expect(flush(book, 5)).toEqual({ added: [], removed: ['x1'] });
    expect(flush(book, 6)).toEqual({ added: [], removed: [] });
  });

  test('is nothing of one that began and ended between two checkpoints', () => {
    const book = new PreparedTransactions(tables, 'source', 1_000);
    book.passed({ prepared: prepared('x1') }, 1);
    book.passed({ ended: 'x1' }, 2);
    book.passed({ ended: 'x9' }, 3);
    expect(flush(book, 4)).toEqual({ added: [], removed: [] });
  });

  test('follows an xid that is used again', () => {
    const book = new PreparedTransactions(tables, 'source', 1_000);
    book.passed({ prepared: prepared('x1', [], 4) }, 1);
    book.passed({ ended: 'x1' }, 3);
    book.passed({ prepared: prepared('x1', [], 400) }, 5);
    expect(flush(book, 2)).toEqual({ added: ['x1'], removed: [] });
    expect(flush(book, 4)).toEqual({ added: [], removed: ['x1'] });
    const { statements } = book.changes(5);
    expect(statements.join()).toContain('400');
    // Without an end in between: the upstream broke down and lost the first.
    book.passed({ prepared: prepared('x1', [], 800) }, 7);
    expect(book.changes(7).statements.join()).toContain('800');
    expect(book.changes(6).statements.join()).toContain('400');
  });

  test('is kept where a flush failed', () => {
    const book = new PreparedTransactions(tables, 'source', 1_000);
    book.passed({ prepared: prepared('x1') }, 1);
    expect(book.changes(1).statements).toHaveLength(1);
    expect(flush(book, 1)).toEqual({ added: ['x1'], removed: [] });
  });
});

describe('what is held of prepared transactions', () => {
  test('is forgotten beyond the room, the oldest first, and is given back at the end', () => {
    const book = new PreparedTransactions(tables, 'source', 1_000);
    book.passed({ prepared: prepared('x1', [held(300)]) }, 1);
    book.passed({ prepared: prepared('x2', []) }, 2);
    book.passed({ prepared: prepared('x3', [held(200)]) }, 3);
    expect(book.find('x1')?.rows).toHaveLength(1);
    book.passed({ prepared: prepared('x4', [held(100)]) }, 4);
    expect(book.find('x1')?.rows).toBeUndefined();
    expect(book.find('x2')?.rows).toEqual([]);
    expect(book.find('x3')?.rows).toHaveLength(1);
    for (const xid of ['x1', 'x2', 'x3', 'x4']) book.passed({ ended: xid }, 5);
    expect(book.size).toBe(0);
    book.passed({ prepared: prepared('x5', [held(400)]) }, 6);
    book.passed({ prepared: prepared('x6', [held(200)]) }, 7);
    expect(book.find('x5')?.rows).toHaveLength(1);
  });

  test('is not taken for known after the rules have changed, nor that there are no rows', () => {
    const book = new PreparedTransactions(tables, 'source', 1_000);
    book.passed({ prepared: prepared('x1', []) }, 1);
    expect(flush(book, 1).added).toEqual(['x1']);
    book.forgetRows();
    expect(book.find('x1')?.rows).toBeUndefined();
    expect(flush(book, 1).added).toEqual(['x1']);
  });

  test('is not there after a restart, but its place is', async () => {
    const book = new PreparedTransactions(tables, 'source', 1_000);
    const place = { binlog_name: 'binlog.000007', binlog_pos: '5000000000', gtid: 'g:1', gtid_before: '' };
    const rows = [
      { xid: 'x1', ...place, has_rows: 1 },
      { xid: 'x2', ...place, has_rows: 0 },
    ];
    await book.load({ query: async () => [rows, undefined] }, true);
    expect(book.find('x1')).toEqual({
      xid: 'x1',
      begin: { name: 'binlog.000007', pos: 5_000_000_000 },
      gtid: 'g:1',
      gtidBefore: '',
      rows: undefined,
    });
    expect(book.find('x2')?.rows).toEqual([]);
    expect(flush(book, 0)).toEqual({ added: [], removed: [] });
    book.passed({ ended: 'x1' }, 1);
    expect(flush(book, 1)).toEqual({ added: [], removed: ['x1'] });
  });

  test('is removed when replication goes on from elsewhere', async () => {
    const book = new PreparedTransactions(tables, 'source', 1_000);
    const place = { binlog_name: 'binlog.000007', binlog_pos: 4, gtid: '', gtid_before: '' };
    await book.load({ query: async () => [[{ xid: 'x1', ...place, has_rows: 1 }], undefined] }, false);
    expect(book.find('x1')).toBeUndefined();
    expect(flush(book, 0)).toEqual({ added: [], removed: ['x1'] });
  });

  test('is added to by what is found in earlier binlogs, where it is not known better', () => {
    const book = new PreparedTransactions(tables, 'source', 1_000);
    book.passed({ prepared: prepared('x1', [held(10)], 400) }, 3);
    book.learn(prepared('x1', undefined, 4));
    book.learn(prepared('x2', undefined, 8));
    expect(book.find('x1')?.begin.pos).toBe(400);
    expect(flush(book, 2)).toEqual({ added: ['x2'], removed: [] });
  });
});
