import type { Connection, RowDataPacket } from 'mysql2/promise';

/** Reproducible random numbers (mulberry32). */
export function randomSource(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Tables whose rows are hard to keep in order or to tell apart. */
export const WORKLOAD_TABLES = [
  'CREATE TABLE plain (id INT PRIMARY KEY, a INT, v VARCHAR(40))',
  'CREATE TABLE keyless (a INT, v VARCHAR(20) COLLATE utf8mb4_general_ci, f FLOAT)',
  'CREATE TABLE nullable (a INT, b VARCHAR(20), UNIQUE KEY (a))',
  'CREATE TABLE composite (a INT, b VARCHAR(20), c INT, PRIMARY KEY (a, b))',
  'CREATE TABLE twokeys (id INT PRIMARY KEY, u VARCHAR(20) NOT NULL, x INT, UNIQUE KEY uk (u))',
  'CREATE TABLE prefixed (id INT PRIMARY KEY, u VARCHAR(60), UNIQUE KEY uk (u(5)))',
  'CREATE TABLE parent (id INT PRIMARY KEY, a INT)',
  'CREATE TABLE child (id INT PRIMARY KEY, p INT, CONSTRAINT FOREIGN KEY (p) REFERENCES parent (id) ON DELETE CASCADE)',
];

/** Sends random changes, in transactions of random size; those the server refuses (duplicates) are part of it. */
export class Workload {
  readonly #connection: Connection;
  readonly #random: () => number;
  #columns = 0;

  constructor(connection: Connection, seed: number) {
    this.#connection = connection;
    this.#random = randomSource(seed);
  }

  async prepare(): Promise<void> {
    for (const table of WORKLOAD_TABLES) await this.#connection.query(table);
  }

  /** One transaction of up to `most` statements. */
  async transaction(most: number): Promise<void> {
    await this.#connection.query('BEGIN');
    const count = 1 + this.#below(most);
    for (let i = 0; i < count; i++) await this.#change();
    await this.#connection.query(this.#random() < 0.05 ? 'ROLLBACK' : 'COMMIT');
  }

  /** A DDL that changes what later rows look like. */
  async ddl(): Promise<string> {
    const column = `x${this.#columns++}`;
    const table = ['plain', 'keyless', 'twokeys'][this.#below(3)] ?? 'plain';
    const choices = [
      `ALTER TABLE ${table} ADD COLUMN ${column} INT DEFAULT ${this.#below(100)} FIRST`,
      `ALTER TABLE ${table} ADD COLUMN ${column} VARCHAR(10), ADD KEY k_${column} (${column})`,
      `CREATE TABLE new_${column} (id INT PRIMARY KEY, ${column} INT)`,
      `RENAME TABLE ${table} TO tmp_${table}, tmp_${table} TO ${table}`,
    ];
    const sql = choices[this.#below(choices.length)] ?? '';
    await this.#connection.query(sql);
    return sql;
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  async #change(): Promise<void> {
    const [id, other, a] = [this.#below(60), this.#below(60), this.#below(1000)];
    const word = ['ab', 'AB', 'ab ', 'Äb', 'xy', 'abcdefg', 'abcdeXX', '中文'][this.#below(8)] ?? '';
    const choices: [string, unknown[]][] = [
      ['INSERT IGNORE INTO plain (id, a, v) VALUES (?, ?, ?), (?, ?, ?)', [id, a, word, other, a, word]],
      ['UPDATE plain SET a = a + 1, v = ? WHERE id = ?', [word, id]],
      ['UPDATE IGNORE plain SET id = ? WHERE id = ?', [other, id]],
      ['DELETE FROM plain WHERE id = ?', [id]],
      ['INSERT INTO keyless (a, v, f) VALUES (?, ?, ?)', [id % 5, word, id / 10]],
      ['UPDATE keyless SET v = ? WHERE a = ? LIMIT 2', [word, id % 5]],
      ['DELETE FROM keyless WHERE a = ? LIMIT 1', [id % 5]],
      ['INSERT IGNORE INTO nullable VALUES (?, ?)', [id % 3 === 0 ? null : id, word]],
      ['UPDATE IGNORE nullable SET a = ? WHERE a = ?', [id % 4 === 0 ? null : other, id]],
      ['DELETE FROM nullable WHERE a IS NULL AND b = ? LIMIT 1', [word]],
      ['REPLACE INTO composite VALUES (?, ?, ?)', [id % 7, word, a]],
      ['DELETE FROM composite WHERE a = ? AND b = ?', [id % 7, word]],
      ['INSERT IGNORE INTO twokeys (id, u, x) VALUES (?, ?, ?)', [id, `${word}${other % 9}`, a]],
      ['UPDATE IGNORE twokeys SET u = ?, x = x + 1 WHERE id = ?', [`${word}${other % 9}`, id]],
      ['REPLACE INTO twokeys (id, u, x) VALUES (?, ?, ?)', [id, `${word}${other % 9}`, a]],
      ['DELETE FROM twokeys WHERE id = ?', [id]],
      ['REPLACE INTO prefixed VALUES (?, ?)', [id, `${word}${other % 3}`]],
      ['UPDATE IGNORE prefixed SET u = ? WHERE id = ?', [`${word}${other}`, id]],
      ['INSERT IGNORE INTO parent VALUES (?, ?)', [id, a]],
      ['DELETE FROM parent WHERE id = ?', [id]],
      ['INSERT IGNORE INTO child VALUES (?, ?)', [other, id]],
      ['UPDATE IGNORE child SET p = ? WHERE id = ?', [id, other]],
    ];
    const [sql, values] = choices[this.#below(choices.length)] ?? ['DO 0', []];
    await this.#connection.query(sql, values);
  }

  /** Rows in the keyless table, to tell that a run did something. */
  async keylessRows(): Promise<number> {
    const [rows] = await this.#connection.query<RowDataPacket[]>('SELECT COUNT(*) AS n FROM keyless');
    return Number(rows[0]?.['n']);
  }
}
