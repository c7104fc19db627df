/** A shop in business: orders, payments, price changes, page views, and table changes in between. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, ResultSetHeader } from 'mysql2/promise';
import { ROWS, SHOP } from './shop.js';

/** Transactions of all connections together. */
const TRANSACTIONS_PER_SECOND = 150;

/** A shop tries these again: deadlock, lock wait, and MariaDB's answer while the parent table is being altered. */
const TRY_AGAIN = new Set([1213, 1205, 1452]);
const NO_SUCH_TABLE = 1146;

/** Table changes, made one by one while customers are buying. */
const CHANGES = [
  "ALTER TABLE customers ADD COLUMN loyalty_points INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'since today' AFTER tier",
  'ALTER TABLE orders ADD COLUMN gift_note VARCHAR(200) NULL, ADD INDEX idx_currency (currency)',
  'CREATE TABLE coupons (code VARCHAR(20) NOT NULL PRIMARY KEY, percent DECIMAL(5,2) NOT NULL, valid_until DATE NULL)',
  'ALTER TABLE products MODIFY COLUMN name VARCHAR(240) NOT NULL',
  'ALTER TABLE payments DROP COLUMN fee',
  'ALTER TABLE reviews CHANGE COLUMN title headline VARCHAR(200) NULL',
  'ALTER TABLE page_views ADD COLUMN referrer VARCHAR(100) NULL FIRST',
  'RENAME TABLE coupons TO vouchers',
];

export interface WorkloadTotals {
  transactions: number;
  rows: number;
  tableChanges: number;
}

/** Writes until stopped, over connections of its own. */
export class Workload {
  readonly totals: WorkloadTotals = { transactions: 0, rows: 0, tableChanges: 0 };
  private readonly writers: Connection[];
  private readonly changer: Connection;
  private readonly running: Promise<void>[] = [];
  private stopping = false;
  private failure: unknown;
  private coupons = '';
  private loyalty = false;
  private seed = 20_240_601;

  /** The last connection makes the table changes. */
  constructor(connections: Connection[]) {
    const [changer, ...writers] = connections.toReversed();
    if (!changer || writers.length === 0) throw new Error('at least two connections are needed');
    this.changer = changer;
    this.writers = writers;
  }

  async start(): Promise<void> {
    for (const connection of [...this.writers, this.changer]) await connection.query(`USE ${SHOP}`);
    for (const writer of this.writers) this.running.push(this.write(writer));
  }

  /** Makes the next table change; answers its statement, or undefined when all are made. */
  async changeTable(): Promise<string | undefined> {
    const sql = CHANGES[this.totals.tableChanges];
    if (sql === undefined) return undefined;
    if (sql.startsWith('RENAME')) this.coupons = '';
    await this.changer.query(sql);
    this.totals.tableChanges += 1;
    if (sql.includes('loyalty_points')) this.loyalty = true;
    if (sql.includes('CREATE TABLE coupons')) this.coupons = 'coupons';
    if (sql.startsWith('RENAME')) this.coupons = 'vouchers';
    return sql;
  }

  /** Ends after the transactions under way. Throws what made a writer fail. */
  async stop(): Promise<void> {
    this.stopping = true;
    await Promise.all(this.running);
    if (this.failure !== undefined) throw this.failure;
  }

  private async write(connection: Connection): Promise<void> {
    const pause = (1000 * this.writers.length) / TRANSACTIONS_PER_SECOND;
    let due = performance.now();
    while (!this.stopping) {
      due = Math.max(due + pause, performance.now() - 1000);
      await sleep(Math.max(0, due - performance.now()));
      try {
        this.totals.rows += await this.transaction(connection);
        this.totals.transactions += 1;
      } catch (error) {
        await connection.query('ROLLBACK').catch(() => {});
        const { errno } = error as { errno?: number };
        if (errno !== undefined && TRY_AGAIN.has(errno)) continue;
        this.failure ??= error;
        this.stopping = true;
      }
    }
  }

  /** One transaction of a kind drawn by chance; answers the number of rows it wrote. */
  private async transaction(c: Connection): Promise<number> {
    const kind = this.below(10);
    if (kind < 4) return this.order(c);
    if (kind === 4) return this.ship(c);
    if (kind === 5) return this.reprice(c);
    if (kind === 6) return this.review(c);
    if (kind === 7) return this.account(c);
    return this.browse(c);
  }

  private async order(c: Connection): Promise<number> {
    await c.query('BEGIN');
    const id = await inserted(c, 'INSERT INTO orders (customer_id, metadata) VALUES (?, ?)', [
      1 + this.below(ROWS.customers),
      JSON.stringify({ channel: 'app', basket: [this.below(9), 'ü', null], at: this.below(1e9) / 7 }),
    ]);
    const lines = 1 + this.below(3);
    let rows = 2;
    for (let line = 1; line <= lines; line++) {
      const product = 1 + this.below(ROWS.products);
      rows += await changed(
        c,
        'INSERT INTO order_items (order_id, line, product_id, quantity, unit_price) SELECT ?, ?, id, ?, price FROM products WHERE id = ?',
        [id, line, 1 + this.below(4), product],
      );
      rows += await changed(c, "UPDATE stock SET quantity = quantity - 1 WHERE product_id = ? AND warehouse = 'BER'", [
        product,
      ]);
    }
    await c.query(
      "UPDATE orders SET status = 'paid', total = (SELECT SUM(line_total) FROM order_items WHERE order_id = ?) WHERE id = ?",
      [id, id],
    );
    rows += await changed(
      c,
      "INSERT INTO payments (order_id, method, amount, token, paid_at) SELECT id, 'card', total, UNHEX(SHA2(id, 256)), NOW(6) FROM orders WHERE id = ?",
      [id],
    );
    await c.query('COMMIT');
    return rows;
  }

  private ship(c: Connection): Promise<number> {
    return changed(c, "UPDATE orders SET status = 'shipped', metadata = JSON_OBJECT('carrier', ?) WHERE id = ?", [
      this.below(5),
      1 + this.below(ROWS.orders),
    ]);
  }

  private reprice(c: Connection): Promise<number> {
    return changed(
      c,
      "UPDATE products SET price = price + 0.01, labels = 'sale,new', attributes = JSON_SET(attributes, '$.color', ?), updated_at = NOW(3) WHERE id BETWEEN ? AND ? + 4",
      [`shade ${this.below(100)}`, ...twice(1 + this.below(ROWS.products))],
    );
  }

  private async review(c: Connection): Promise<number> {
    await c.query('BEGIN');
    const id = await inserted(
      c,
      'INSERT INTO reviews (product_id, customer_id, stars, body, year) VALUES (?, ?, ?, ?, 2024)',
      [1 + this.below(ROWS.products), 1 + this.below(ROWS.customers), 1 + this.below(5), 'Gern wieder 🙂 \\ "quoted"'],
    );
    const rows = await changed(c, 'DELETE FROM reviews WHERE id = ?', [id - this.below(ROWS.reviews)]);
    await c.query('COMMIT');
    return rows + 1;
  }

  private async account(c: Connection): Promise<number> {
    if (this.coupons !== '' && this.below(2) === 0) {
      const code = `C${this.below(1e9).toString(36)}`;
      // The table may be renamed between the two lines.
      return changed(c, `REPLACE INTO ${this.coupons} VALUES (?, ?, NULL)`, [code, this.below(9_999) / 100]).catch(
        (error: unknown) => {
          if ((error as { errno?: number }).errno === NO_SUCH_TABLE) return 0;
          throw error;
        },
      );
    }
    const points = this.loyalty ? ', loyalty_points = loyalty_points + 1' : '';
    return changed(c, `UPDATE customers SET credit = credit + 0.5, tier = 'gold'${points} WHERE id = ?`, [
      1 + this.below(ROWS.customers),
    ]);
  }

  private async browse(c: Connection): Promise<number> {
    const path = `/product/${this.below(40)}`;
    if (this.below(4) === 0) return changed(c, 'DELETE FROM page_views WHERE path = ? LIMIT 3', [path]);
    // The same row twice, in a table without keys.
    const row = "(x'00ff', ?, NOW(), 0.25)";
    return changed(c, `INSERT INTO page_views (visitor, path, seen_at, took) VALUES ${row}, ${row}`, [path, path]);
  }

  /** A whole number from 0 to below `limit`; the same sequence in every run. */
  private below(limit: number): number {
    this.seed = (this.seed + 0x6d2b79f5) | 0;
    let t = Math.imul(this.seed ^ (this.seed >>> 15), 1 | this.seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4_294_967_296) * limit);
  }
}

function twice(n: number): [number, number] {
  return [n, n];
}

async function changed(c: Connection, sql: string, values: unknown[]): Promise<number> {
  const [result] = await c.query<ResultSetHeader>(sql, values);
  return result.affectedRows;
}

async function inserted(c: Connection, sql: string, values: unknown[]): Promise<number> {
  const [result] = await c.query<ResultSetHeader>(sql, values);
  return result.insertId;
}
