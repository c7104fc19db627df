/** The online shop that the demo migrates: ten tables and about 350,000 rows, made by the upstream server itself. */
import type { Connection } from 'mysql2/promise';

export const SHOP = 'dm_demo_shop';

/** Rows of one INSERT. */
const CHUNK = 10_000;

const TABLES = [
  `CREATE TABLE customers (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    email VARCHAR(120) NOT NULL,
    name VARCHAR(100) NOT NULL,
    country CHAR(2) NOT NULL,
    tier ENUM('bronze', 'silver', 'gold') NOT NULL DEFAULT 'bronze',
    preferences JSON,
    newsletter BIT(1) NOT NULL DEFAULT b'0',
    credit DECIMAL(12,2) NOT NULL DEFAULT 0,
    birthday DATE NULL,
    registered_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    email_domain VARCHAR(120) AS (SUBSTRING_INDEX(email, '@', -1)) VIRTUAL,
    UNIQUE KEY uk_email (email),
    KEY idx_country (country))`,
  `CREATE TABLE addresses (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    customer_id BIGINT UNSIGNED NOT NULL,
    kind ENUM('billing', 'shipping') NOT NULL,
    street VARCHAR(120) NOT NULL,
    city VARCHAR(60) NOT NULL,
    zip VARCHAR(12) NULL,
    UNIQUE KEY uk_kind (customer_id, kind),
    CONSTRAINT fk_address_customer FOREIGN KEY (customer_id) REFERENCES customers (id))`,
  `CREATE TABLE categories (
    id SMALLINT UNSIGNED NOT NULL PRIMARY KEY,
    parent_id SMALLINT UNSIGNED NULL,
    name VARCHAR(80) NOT NULL,
    CONSTRAINT fk_category_parent FOREIGN KEY (parent_id) REFERENCES categories (id))`,
  `CREATE TABLE products (
    id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    category_id SMALLINT UNSIGNED NOT NULL,
    sku BINARY(8) NOT NULL,
    name VARCHAR(160) NOT NULL,
    description TEXT,
    price DECIMAL(10,2) NOT NULL,
    tax_rate DECIMAL(4,3) NOT NULL DEFAULT 0.190,
    gross_price DECIMAL(12,2) AS (ROUND(price * (1 + tax_rate), 2)) STORED,
    attributes JSON,
    labels SET('new', 'sale', 'eco', 'vegan') NOT NULL DEFAULT '',
    weight DOUBLE NULL,
    status ENUM('active', 'hidden', 'sold out') NOT NULL DEFAULT 'active',
    thumbnail BLOB NULL,
    updated_at DATETIME(3) NOT NULL,
    UNIQUE KEY uk_sku (sku),
    CONSTRAINT fk_product_category FOREIGN KEY (category_id) REFERENCES categories (id))`,
  `CREATE TABLE stock (
    product_id INT UNSIGNED NOT NULL,
    warehouse CHAR(3) NOT NULL,
    quantity INT NOT NULL,
    counted_on DATE NULL,
    PRIMARY KEY (product_id, warehouse),
    CONSTRAINT fk_stock_product FOREIGN KEY (product_id) REFERENCES products (id))`,
  `CREATE TABLE orders (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    customer_id BIGINT UNSIGNED NOT NULL,
    status ENUM('new', 'paid', 'shipped', 'returned') NOT NULL DEFAULT 'new',
    currency CHAR(3) NOT NULL DEFAULT 'EUR',
    total DECIMAL(14,2) NOT NULL DEFAULT 0,
    metadata JSON,
    placed_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    KEY idx_status (status, placed_at),
    CONSTRAINT fk_order_customer FOREIGN KEY (customer_id) REFERENCES customers (id))`,
  `CREATE TABLE order_items (
    order_id BIGINT UNSIGNED NOT NULL,
    line TINYINT UNSIGNED NOT NULL,
    product_id INT UNSIGNED NOT NULL,
    quantity SMALLINT UNSIGNED NOT NULL,
    unit_price DECIMAL(10,2) NOT NULL,
    line_total DECIMAL(14,2) AS (quantity * unit_price) STORED,
    PRIMARY KEY (order_id, line),
    CONSTRAINT fk_item_order FOREIGN KEY (order_id) REFERENCES orders (id),
    CONSTRAINT fk_item_product FOREIGN KEY (product_id) REFERENCES products (id))`,
  `CREATE TABLE payments (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    order_id BIGINT UNSIGNED NOT NULL,
    method ENUM('card', 'transfer', 'cash') NOT NULL,
    amount DECIMAL(14,2) NOT NULL,
    fee FLOAT NULL,
    token VARBINARY(32) NOT NULL,
    paid_at DATETIME(6) NOT NULL,
    KEY idx_order (order_id),
    CONSTRAINT fk_payment_order FOREIGN KEY (order_id) REFERENCES orders (id))`,
  `CREATE TABLE reviews (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    product_id INT UNSIGNED NOT NULL,
    customer_id BIGINT UNSIGNED NOT NULL,
    stars TINYINT NOT NULL,
    title VARCHAR(160) NULL,
    body TEXT,
    year YEAR NOT NULL,
    CONSTRAINT fk_review_product FOREIGN KEY (product_id) REFERENCES products (id),
    CONSTRAINT fk_review_customer FOREIGN KEY (customer_id) REFERENCES customers (id))`,
  // No key at all, and rows that are equal: the hardest case for "exactly once".
  `CREATE TABLE page_views (
    visitor VARBINARY(16) NOT NULL,
    path VARCHAR(200) NOT NULL,
    seen_at DATETIME NOT NULL,
    took FLOAT NULL)`,
];

/** Rows of each table; ids run from 1. */
export const ROWS = {
  customers: 30_000,
  addresses: 30_000,
  categories: 150,
  products: 10_000,
  stock: 30_000,
  orders: 50_000,
  order_items: 100_000,
  payments: 40_000,
  reviews: 20_000,
  page_views: 40_000,
} as const;

type Table = keyof typeof ROWS;

/** A number that looks random and depends on the row `n` alone. */
function random(salt: number, below: number): string {
  return `(CRC32(CONCAT(n, ':${salt}')) % ${below})`;
}

/** Columns and their expressions over the row number `n`, which runs from 1. */
const CONTENT: Record<Table, [columns: string, values: string]> = {
  customers: [
    'id, email, name, country, tier, preferences, newsletter, credit, birthday, registered_at',
    `n, CONCAT('customer', n, '@', ELT(1 + ${random(1, 4)}, 'mail.example', 'post.example', 'firma.example', 'correo.example')),
     CONCAT(ELT(1 + ${random(2, 6)}, 'Zoë', 'Łukasz', '花子', 'Ana', 'Jürgen', 'Омар'), ' ', ELT(1 + ${random(3, 5)}, 'Müller', 'O''Brien', '李', 'Sørensen', 'García')),
     ELT(1 + ${random(4, 6)}, 'DE', 'FR', 'JP', 'BR', 'US', 'PL'), 1 + ${random(5, 3)},
     JSON_OBJECT('theme', ELT(1 + ${random(6, 2)}, 'dark', 'light'), 'size', n % 50, 'tags', JSON_ARRAY('a', n, NULL)),
     n % 2, ${random(7, 100_000)} / 100, IF(n % 7 = 0, NULL, DATE_ADD('1950-01-01', INTERVAL ${random(8, 20_000)} DAY)),
     DATE_ADD('2020-01-01', INTERVAL ${random(9, 100_000_000)} SECOND)`,
  ],
  addresses: [
    'id, customer_id, kind, street, city, zip',
    `n, n, 1 + n % 2, CONCAT(${random(1, 300)}, ' Straße Nr. ', n), ELT(1 + ${random(2, 4)}, 'København', 'São Paulo', '東京', 'Łódź'), IF(n % 9 = 0, NULL, LPAD(${random(3, 99_999)}, 5, '0'))`,
  ],
  categories: ['id, parent_id, name', `n, IF(n <= 10, NULL, 1 + ${random(1, 10)}), CONCAT('Category ', n)`],
  products: [
    'id, category_id, sku, name, description, price, tax_rate, attributes, labels, weight, status, thumbnail, updated_at',
    `n, 1 + ${random(1, 150)}, UNHEX(LPAD(HEX(n), 16, '0')), CONCAT('Product ', n), REPEAT(CONCAT('Fine item ', n, '. '), 1 + ${random(2, 12)}),
     1 + ${random(3, 50_000)} / 100, ELT(1 + ${random(4, 2)}, 0.190, 0.070),
     JSON_OBJECT('color', ELT(1 + ${random(5, 3)}, 'red', 'blau', '緑'), 'dimensions', JSON_OBJECT('w', n % 90, 'h', 1.5e0), 'eco', n % 2 = 0),
     ${random(6, 16)}, IF(n % 5 = 0, NULL, ${random(7, 100_000)} / 7), 1 + ${random(8, 3)}, IF(n % 3 = 0, NULL, UNHEX(SHA2(n, 256))),
     DATE_ADD('2023-01-01', INTERVAL ${random(9, 30_000_000)} SECOND)`,
  ],
  stock: [
    'product_id, warehouse, quantity, counted_on',
    `1 + (n - 1) DIV 3, ELT(1 + n % 3, 'BER', 'NRT', 'GRU'), 1000 + ${random(1, 500)}, IF(n % 4 = 0, NULL, '2024-01-31')`,
  ],
  orders: [
    'id, customer_id, status, currency, total, metadata, placed_at',
    `n, 1 + ${random(1, 30_000)}, 1 + ${random(2, 4)}, ELT(1 + ${random(3, 3)}, 'EUR', 'JPY', 'USD'), ${random(4, 900_000)} / 100,
     IF(n % 3 = 0, NULL, JSON_OBJECT('channel', 'web', 'coupon', NULL, 'score', n * 0.25e0)), DATE_ADD('2022-01-01', INTERVAL ${random(5, 80_000_000)} SECOND)`,
  ],
  order_items: [
    'order_id, line, product_id, quantity, unit_price',
    `1 + (n - 1) DIV 2, 1 + n % 2, 1 + ${random(1, 10_000)}, 1 + ${random(2, 5)}, ${random(3, 50_000)} / 100`,
  ],
  payments: [
    'id, order_id, method, amount, fee, token, paid_at',
    `n, n, 1 + ${random(1, 3)}, ${random(2, 900_000)} / 100, IF(n % 6 = 0, NULL, ${random(3, 1_000)} / 300), UNHEX(SHA2(CONCAT('t', n), 256)),
     DATE_ADD('2022-01-01', INTERVAL ${random(4, 80_000_000)} SECOND)`,
  ],
  reviews: [
    'id, product_id, customer_id, stars, title, body, year',
    `n, 1 + ${random(1, 10_000)}, 1 + ${random(2, 30_000)}, 1 + ${random(3, 5)}, ELT(1 + ${random(4, 4)}, '👍', NULL, 'Très bien', ''),
     REPEAT(ELT(1 + ${random(5, 3)}, 'Wunderschön! 🎉 ', 'It''s \\\\ok\\\\. ', 'すごい。'), 1 + ${random(6, 10)}), 2015 + ${random(7, 10)}`,
  ],
  page_views: [
    'visitor, path, seen_at, took',
    `UNHEX(LPAD(HEX(n % 500), 32, '0')), CONCAT('/product/', n % 40), DATE_ADD('2024-06-01', INTERVAL n % 60 MINUTE), IF(n % 10 = 0, NULL, n % 7 / 3)`,
  ],
};

/** Whether the server has the shop's database already: it may be somebody's. */
export async function shopExists(connection: Connection): Promise<boolean> {
  const [rows] = await connection.query('SELECT 1 FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?', [SHOP]);
  return (rows as unknown[]).length > 0;
}

/** Makes the tables and fills them over several connections; answers the number of rows. */
export async function createShop(connections: Connection[], report: (rows: number) => void): Promise<number> {
  const [first] = connections;
  if (!first) throw new Error('no connection');
  await first.query(`CREATE DATABASE ${SHOP} DEFAULT CHARACTER SET utf8mb4`);
  for (const connection of connections) {
    await connection.query(`USE ${SHOP}`);
    // The rows fit together by construction; chunks of different tables may then come in any order. In UTC every moment
    // exists, in other zones an hour is missing each spring.
    await connection.query("SET foreign_key_checks = 0, unique_checks = 0, time_zone = '+00:00'");
  }
  for (const sql of TABLES) await first.query(sql);
  const chunks = Object.entries(ROWS).flatMap(([table, count]) =>
    Array.from({ length: Math.ceil(count / CHUNK) }, (_, i) => insertChunk(table as Table, i * CHUNK, count)),
  );
  let total = 0;
  await Promise.all(
    connections.map(async (connection) => {
      for (let sql = chunks.shift(); sql !== undefined; sql = chunks.shift()) {
        const [result] = await connection.query(sql);
        total += (result as { affectedRows: number }).affectedRows;
        report(total);
      }
    }),
  );
  // Progress bars go by the server's estimate of rows.
  await first.query(`ANALYZE LOCAL TABLE ${Object.keys(ROWS).join(', ')}`);
  return total;
}

function insertChunk(table: Table, base: number, count: number): string {
  const digits = `(SELECT 0 d ${[1, 2, 3, 4, 5, 6, 7, 8, 9].map((d) => `UNION ALL SELECT ${d}`).join(' ')})`;
  const numbers =
    `SELECT ${base} + 1 + a.d + 10 * b.d + 100 * c.d + 1000 * e.d AS n ` +
    `FROM ${digits} a, ${digits} b, ${digits} c, ${digits} e`;
  const [columns, values] = CONTENT[table];
  return `INSERT INTO ${table} (${columns}) SELECT ${values} FROM (${numbers}) numbers WHERE n <= ${count} ORDER BY n`;
}
