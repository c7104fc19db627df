import { describe, expect, it } from 'vitest';
import { column } from './help.js';

describe('data types', () => {
  const types: [written: string, expected: Record<string, unknown>][] = [
    ['INTEGER', { name: 'int', written: 'INTEGER' }],
    ['INT4(5) UNSIGNED ZEROFILL', { name: 'int', length: 5, unsigned: true, zerofill: true }],
    ['int3 zerofill', { name: 'mediumint', unsigned: true, zerofill: true }],
    ['MIDDLEINT SIGNED', { name: 'mediumint', unsigned: false }],
    ['INT1', { name: 'tinyint' }],
    ['INT2', { name: 'smallint' }],
    ['INT8', { name: 'bigint' }],
    ['BOOL', { name: 'tinyint', length: 1, written: 'BOOL' }],
    ['boolean', { name: 'tinyint', length: 1 }],
    ['SERIAL', { name: 'bigint', unsigned: true, serial: true }],
    ['DEC(10,2)', { name: 'decimal', length: 10, decimals: 2 }],
    ['FIXED(5)', { name: 'decimal', length: 5 }],
    ['NUMERIC', { name: 'decimal' }],
    ['DOUBLE PRECISION', { name: 'double', written: 'DOUBLE PRECISION' }],
    ['REAL(7,3) UNSIGNED', { name: 'double', length: 7, decimals: 3, unsigned: true }],
    ['FLOAT(24)', { name: 'float' }],
    ['FLOAT(25)', { name: 'double' }],
    ['FLOAT4', { name: 'float' }],
    ['FLOAT8', { name: 'double' }],
    ['BIT(3)', { name: 'bit', length: 3 }],
    ['CHARACTER(3)', { name: 'char', length: 3 }],
    ['CHARACTER VARYING(9)', { name: 'varchar', length: 9, written: 'CHARACTER VARYING' }],
    ['char varying (9)', { name: 'varchar', length: 9 }],
    ['VARCHARACTER(9)', { name: 'varchar', length: 9 }],
    ['NATIONAL CHAR(2)', { name: 'char', charset: 'utf8mb3', written: 'NATIONAL CHAR' }],
    ['NATIONAL CHARACTER VARYING(2)', { name: 'varchar', charset: 'utf8mb3' }],
    ['NATIONAL VARCHAR(2)', { name: 'varchar', charset: 'utf8mb3' }],
    ['NCHAR(4)', { name: 'char', charset: 'utf8mb3' }],
    ['NCHAR VARYING(4)', { name: 'varchar', charset: 'utf8mb3' }],
    ['NCHAR VARCHAR(4)', { name: 'varchar', charset: 'utf8mb3' }],
    ['NVARCHAR(4) BINARY', { name: 'varchar', charset: 'utf8mb3', binaryCollation: true }],
    ['LONG', { name: 'mediumtext', written: 'LONG' }],
    ['LONG VARCHAR', { name: 'mediumtext' }],
    ['LONG CHAR VARYING', { name: 'mediumtext' }],
    ['LONG VARBINARY', { name: 'mediumblob' }],
    ['CHAR BYTE', { name: 'binary' }],
    ['VARCHAR(5) CHARACTER SET binary', { name: 'varbinary', length: 5 }],
    ['TEXT CHARSET BINARY', { name: 'blob' }],
    ["VARCHAR(5) COLLATE 'binary'", { name: 'varbinary', length: 5 }],
    ['CHAR(1) ASCII', { name: 'char', charset: 'latin1' }],
    ['CHAR(1) UNICODE BINARY', { name: 'char', charset: 'ucs2', binaryCollation: true }],
    ["CHAR(1) BINARY CHARSET 'UTF8MB4'", { name: 'char', charset: 'utf8mb4', binaryCollation: true }],
    ['CHAR(1) CHAR SET = gbk', { name: 'char', charset: 'gbk' }],
    ['TEXT(100)', { name: 'text', length: 100 }],
    ['BLOB(100)', { name: 'tinyblob' }],
    ['BLOB(256)', { name: 'blob' }],
    ['BLOB(65536)', { name: 'mediumblob' }],
    ['BLOB(16777216)', { name: 'longblob' }],
    ['DATETIME(6)', { name: 'datetime', length: 6 }],
    ['YEAR(4)', { name: 'year', length: 4 }],
    ['JSON', { name: 'json' }],
    ['GEOMETRYCOLLECTION', { name: 'geomcollection' }],
    ['VECTOR(3)', { name: 'vector', length: 3 }],
    ["ENUM('a','b''c',_latin1'd ', x'65')", { name: 'enum', members: ['a', "b'c", 'd', 'e'] }],
    ["SET('a','b') CHARACTER SET latin1", { name: 'set', members: ['a', 'b'], charset: 'latin1' }],
  ];
  it.each(types)('%s', (written, expected) => {
    expect(column(written).type).toMatchObject(expected);
  });

  it('keeps the absence of attributes', () => {
    const { type } = column('BLOB(100)');
    expect(type.length).toBeUndefined();
    expect(column('FLOAT(10)').type.length).toBeUndefined();
    expect(column('VARCHAR(5)').type.charset).toBeUndefined();
  });

  it('knows types of MariaDB in MariaDB alone', () => {
    expect(column('UUID', { flavor: 'mariadb' }).type.name).toBe('uuid');
    expect(column('INET6 NOT NULL', { flavor: 'mariadb' }).type.name).toBe('inet6');
    expect(column('GEOMETRYCOLLECTION', { flavor: 'mariadb' }).type.name).toBe('geometrycollection');
    expect(column('GEOMETRY(9,4) NOT NULL', { flavor: 'mariadb' }).type.name).toBe('geometry');
    expect(() => column('UUID')).toThrow(/expected data type/);
  });

  it('follows sql_mode', () => {
    expect(column('REAL', { sqlMode: 'REAL_AS_FLOAT' }).type.name).toBe('float');
    const oracle = { flavor: 'mariadb', sqlMode: 'ORACLE' } as const;
    expect(column('VARCHAR2(10)', oracle).type).toMatchObject({ name: 'varchar', length: 10 });
    expect(column('NUMBER(10,2)', oracle).type).toMatchObject({ name: 'decimal', length: 10, decimals: 2 });
    expect(column('NUMBER', oracle).type.name).toBe('double');
    expect(column('DATE', oracle).type.name).toBe('datetime');
    expect(column('mariadb_schema.date', oracle).type.name).toBe('date');
    expect(column('CLOB', oracle).type.name).toBe('longtext');
    expect(column('RAW(3)', oracle).type.name).toBe('varbinary');
  });
});

describe('defaults', () => {
  const defaults: [text: string, expected: Record<string, unknown>][] = [
    ['NULL', { kind: 'null' }],
    ["'it''s'", { kind: 'string', value: "it's" }],
    [String.raw`'a\nb\%\\'`, { kind: 'string', value: 'a\nb\\%\\' }],
    ["'a' 'b'", { kind: 'string', value: 'ab' }],
    ["N'x'", { kind: 'string', value: 'x' }],
    ["_utf8mb4'x'", { kind: 'string', value: 'x', charset: 'utf8mb4' }],
    ["_binary x'4142'", { kind: 'hex', value: '4142', charset: 'binary' }],
    ['-1.50', { kind: 'number', value: '-1.50' }],
    ['+3', { kind: 'number', value: '3' }],
    ['1e3', { kind: 'number', value: '1e3' }],
    ["x'4D'", { kind: 'hex', value: '4D' }],
    ['0xF', { kind: 'hex', value: '0F' }],
    ["b'101'", { kind: 'bit', value: '101' }],
    ['TRUE', { kind: 'boolean', value: true }],
    ['false', { kind: 'boolean', value: false }],
    ["DATE '2020-01-01'", { kind: 'temporal', type: 'date', value: '2020-01-01' }],
    ["TIMESTAMP'2020-01-01 00:00:00'", { kind: 'temporal', type: 'timestamp' }],
    ["{ts '2020-01-01 00:00:00'}", { kind: 'temporal', type: 'timestamp' }],
    ['CURRENT_TIMESTAMP', { kind: 'current-timestamp', digits: 0 }],
    ['NOW(3)', { kind: 'current-timestamp', digits: 3 }],
    ['LOCALTIME()', { kind: 'current-timestamp', digits: 0 }],
    ['localtimestamp(6)', { kind: 'current-timestamp', digits: 6 }],
    ['(UUID())', { kind: 'expression', text: '(UUID())' }],
    ["(concat('(', c))", { kind: 'expression', text: "(concat('(', c))" }],
  ];
  it.each(defaults)('DEFAULT %s', (text, expected) => {
    expect(column(`TIMESTAMP(6) DEFAULT ${text} NOT NULL`)).toMatchObject({
      default: { text, ...expected },
      nullable: false,
    });
  });

  it.each(['uuid()', 'CASE WHEN 1 THEN 2 ELSE (3) END', 'CURRENT_USER', 'other_column', '@@sql_mode', 'nextval(s)'])(
    'MariaDB: DEFAULT %s',
    (text) => {
      const read = column(`VARCHAR(99) DEFAULT ${text} NOT NULL`, { flavor: 'mariadb' });
      expect(read).toMatchObject({ default: { kind: 'expression', text }, nullable: false });
      expect(() => column(`VARCHAR(99) DEFAULT ${text} NOT NULL`)).toThrow(/expected default value/);
    },
  );
});

describe('attributes', () => {
  it('reads all of them in any order', () => {
    const read = column(
      `INT UNSIGNED UNIQUE KEY COMMENT 'it' COLUMN_FORMAT FIXED STORAGE DISK INVISIBLE AUTO_INCREMENT PRIMARY KEY NOT NULL
       ENGINE_ATTRIBUTE = '{"a":1}' REFERENCES p (x, y) MATCH FULL ON DELETE SET NULL ON UPDATE CASCADE`,
    );
    expect(read).toMatchObject({
      unique: true,
      comment: 'it',
      invisible: true,
      autoIncrement: true,
      primaryKey: true,
      nullable: false,
      options: { COLUMN_FORMAT: 'FIXED', STORAGE: 'DISK', ENGINE_ATTRIBUTE: '{"a":1}' },
      references: { match: 'FULL', onDelete: 'SET NULL', onUpdate: 'CASCADE' },
    });
    expect(read.references?.columns.map((ident) => ident.name)).toEqual(['x', 'y']);
  });

  it('takes a lone KEY as PRIMARY KEY', () => {
    expect(column('INT KEY').primaryKey).toBe(true);
    expect(column('INT UNIQUE KEY')).toMatchObject({ primaryKey: false, unique: true });
  });

  it('lets the last of NULL and NOT NULL win', () => {
    expect(column('INT NOT NULL NULL').nullable).toBe(true);
    expect(column('INT NULL NOT NULL').nullable).toBe(false);
    expect(column('INT').nullable).toBeUndefined();
  });

  it('reads SERIAL and SERIAL DEFAULT VALUE', () => {
    const implied = { nullable: false, autoIncrement: true, unique: true };
    expect(column('SERIAL')).toMatchObject(implied);
    expect(column('SMALLINT SERIAL DEFAULT VALUE')).toMatchObject(implied);
  });

  it('reads ON UPDATE', () => {
    expect(column('TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3)').onUpdate).toEqual({ digits: 3 });
    expect(column('DATETIME DEFAULT NOW() ON UPDATE NOW()').onUpdate).toEqual({ digits: 0 });
  });

  it('reads generated columns', () => {
    expect(column('INT GENERATED ALWAYS AS (a + (b)) STORED NOT NULL')).toMatchObject({
      generated: { kind: 'expression', expression: 'a + (b)', stored: true },
      nullable: false,
    });
    expect(column('INT AS (a)').generated).toMatchObject({ stored: false });
    expect(column('INT AS (a) VIRTUAL').generated).toMatchObject({ stored: false });
    expect(column('INT AS (a) PERSISTENT', { flavor: 'mariadb' }).generated).toMatchObject({ stored: true });
    expect(column('TIMESTAMP(6) GENERATED ALWAYS AS ROW START', { flavor: 'mariadb' }).generated?.kind).toBe(
      'row-start',
    );
    expect(column('TIMESTAMP(6) AS ROW END', { flavor: 'mariadb' }).generated?.kind).toBe('row-end');
  });

  it('reads checks with and without name', () => {
    const { checks } = column("INT CHECK (c > 0) CONSTRAINT named CHECK (c <> ')') NOT ENFORCED CONSTRAINT CHECK (c)");
    expect(checks.map((check) => [check.name?.name, check.expression, check.enforced])).toEqual([
      [undefined, 'c > 0', true],
      ['named', "c <> ')'", false],
      [undefined, 'c', true],
    ]);
  });

  it('reads collations, SRID and attributes of MariaDB and TiDB', () => {
    expect(column("CHAR(3) COLLATE 'UTF8MB4_BIN'").collation).toBe('utf8mb4_bin');
    expect(column('CHAR(3) COLLATE binary').collation).toBe('binary');
    expect(column('POINT NOT NULL SRID 4326').srid).toBe(4326);
    const mariadb = { flavor: 'mariadb' } as const;
    expect(column('POINT REF_SYSTEM_ID=102', mariadb).srid).toBe(102);
    expect(column('INT WITHOUT SYSTEM VERSIONING', mariadb).systemVersioning).toBe(false);
    expect(column('TEXT COMPRESSED=zlib CHARACTER SET latin1', mariadb).type.charset).toBe('latin1');
    expect(column('TEXT COMPRESSED', mariadb).options).toEqual({ COMPRESSED: '' });
    expect(column("INT ENCRYPTED=YES x='y'", mariadb).options).toEqual({ ENCRYPTED: 'YES', X: 'y' });
    expect(column('BIGINT PRIMARY KEY CLUSTERED AUTO_RANDOM(5, 54)', { flavor: 'tidb' })).toMatchObject({
      autoRandom: true,
      primaryKey: true,
    });
  });
});
