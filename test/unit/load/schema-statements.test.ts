import { expect, test } from 'vitest';
import { postponeKeys, referencedTables } from '../../../src/load/schema-statements.js';

const lines = (...body: string[]): string =>
  `CREATE TABLE \`t\` (\n${body.map((line) => `  ${line}`).join(',\n')}\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`;

test('ordinary keys are left out, all others stay', () => {
  const result = postponeKeys(
    lines(
      '`id` int NOT NULL AUTO_INCREMENT',
      "`a``b` varchar(20) DEFAULT 'KEY `x` (`y`)'",
      '`c` text',
      'PRIMARY KEY (`id`)',
      'UNIQUE KEY `u` (`a``b`)',
      'KEY `k``1` (`a``b`,`id`) USING BTREE',
      'FULLTEXT KEY `ft` (`c`)',
      "KEY `k2` (`c`(10)) COMMENT 'last'",
    ),
  );
  expect(result?.keys).toEqual([
    { name: 'k`1', definition: 'KEY `k``1` (`a``b`,`id`) USING BTREE' },
    { name: 'k2', definition: "KEY `k2` (`c`(10)) COMMENT 'last'" },
  ]);
  expect(result?.createTable).toBe(
    lines(
      '`id` int NOT NULL AUTO_INCREMENT',
      "`a``b` varchar(20) DEFAULT 'KEY `x` (`y`)'",
      '`c` text',
      'PRIMARY KEY (`id`)',
      'UNIQUE KEY `u` (`a``b`)',
      'FULLTEXT KEY `ft` (`c`)',
    ),
  );
});

test('the key of an AUTO_INCREMENT column stays', () => {
  const result = postponeKeys(
    lines('`id` int NOT NULL AUTO_INCREMENT', '`a` int', 'KEY `i` (`id`,`a`)', 'KEY `a` (`a`)'),
  );
  expect(result?.keys.map((key) => key.name)).toEqual(['a']);
});

test('tables with foreign keys, of other engines or without ordinary keys are left as they are', () => {
  const foreign = lines('`a` int', 'KEY `a` (`a`)', 'CONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES `p` (`id`)');
  expect(postponeKeys(foreign)).toBeUndefined();
  expect(postponeKeys(lines('`a` int', 'KEY `a` (`a`)').replace('InnoDB', 'MyISAM'))).toBeUndefined();
  expect(postponeKeys(lines('`a` int', 'PRIMARY KEY (`a`)'))).toBeUndefined();
});

test('tables that foreign keys refer to are found', () => {
  expect(
    referencedTables(
      lines(
        '`a` int',
        'CONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES `p``x` (`id`) ON DELETE CASCADE',
        'CONSTRAINT `g` FOREIGN KEY (`a`) REFERENCES `db`.`q` (`id`)',
      ),
    ),
  ).toEqual(['p`x', 'q']);
});
