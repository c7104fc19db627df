/** Random rows and expressions over all common column types, of a seed. */

/** Numbers in [0, 1) of a seed. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** SQL of values for a column: borders, odd ones, some that meet each other. */
const NUMBERS = ['0', '1', '-1', '2', '3', '10', '17', '18', '100', '127', '-128', '255', '99', '2000', '7', '12'];
const TEXTS = [
  `''`,
  `' '`,
  `'a'`,
  `'A'`,
  `'a '`,
  `'b'`,
  `'ab'`,
  `'Ab'`,
  `'abc'`,
  `'ABC'`,
  `'a_c'`,
  `'a%c'`,
  `'10'`,
  `'10.5'`,
  `' 10'`,
  `'1e1'`,
  `'12abc'`,
  `'0'`,
  `'-1'`,
  `'it''s'`,
  `'back\\\\slash'`,
  `'x y z'`,
  `'2020-01-01'`,
  `'bob@example.com'`,
  `'Zz'`,
  `'_'`,
  `'é'`,
  `'Émile'`,
  `'emile'`,
  `'ÑANDÚ'`,
  `'naïve'`,
  `'e'`,
  `'日本語 a'`,
  `'дом'`,
  `'straße'`,
  `'日本'`,
  `'Привет'`,
  `'😀'`,
  `'a\\0b'`,
  `'tab\\t'`,
  `'+5'`,
  `'.5'`,
  `'abcabc'`,
];
const DATES = [
  `'2020-01-01'`,
  `'2021-12-31'`,
  `'1999-02-28'`,
  `'2020-02-29'`,
  `'0000-00-00'`,
  `'9999-12-31'`,
  `'1000-01-01'`,
  `'2021-01-01'`,
];
const DATETIMES = [
  `'2020-01-01 00:00:00'`,
  `'2021-01-01 04:34:56.567'`,
  `'2021-01-01 12:34:56'`,
  `'1999-12-31 23:59:59.999'`,
  `'9999-12-31 23:59:59'`,
  `'0000-00-00 00:00:00'`,
];
const TIMESTAMPS = [
  `'2020-01-01 00:00:00'`,
  `'2021-01-01 04:34:56'`,
  `'1970-01-01 00:00:01'`,
  `'2038-01-19 03:14:07'`,
  `'0000-00-00 00:00:00'`,
];
const TIMES = [`'00:00:00'`, `'10:30:00'`, `'-01:00:00'`, `'838:59:59'`, `'-838:59:59'`, `'23:59:59.5'`];

interface RandomColumn {
  name: string;
  type: string;
  values: readonly string[];
}

/** `uca`: a collation of the Unicode algorithm that the flavor has. */
export function randomColumns(uca: string): RandomColumn[] {
  const text = (name: string, charset: string, collation: string): RandomColumn => ({
    name,
    type: `VARCHAR(40) CHARACTER SET ${charset} COLLATE ${collation}`,
    values: charset === 'latin1' ? TEXTS.filter((value) => !/[^ -~ -ÿ]/.test(value)) : TEXTS,
  });
  return [
    { name: 't', type: 'TINYINT', values: ['0', '1', '-1', '127', '-128', '2', '10'] },
    { name: 'i', type: 'INT', values: [...NUMBERS, '2147483647', '-2147483648'] },
    { name: 'u', type: 'INT UNSIGNED', values: ['0', '1', '2', '10', '4294967295', '18'] },
    {
      name: 'b',
      type: 'BIGINT',
      values: [...NUMBERS, '9223372036854775807', '-9223372036854775808', '9007199254740993'],
    },
    {
      name: 'ub',
      type: 'BIGINT UNSIGNED',
      values: ['0', '1', '10', '18446744073709551615', '9223372036854775808', '3'],
    },
    {
      name: 'd',
      type: 'DECIMAL(10,2)',
      values: ['0', '1', '-1.5', '10.50', '0.01', '99999999.99', '2.50', '-0.49', '18'],
    },
    {
      name: 'dd',
      type: 'DECIMAL(40,12)',
      values: ['0', '1.000000000001', '1234567890123456789012345678.5', '-3.14', '10'],
    },
    { name: 'f', type: 'FLOAT', values: ['0', '0.1', '1.5', '-2.25', '3.4e38', '10'] },
    { name: 'x', type: 'DOUBLE', values: ['0', '0.1', '1.5', '-2.25', '1e300', '1e-300', '10', '0.3'] },
    text('s', 'utf8mb4', 'utf8mb4_general_ci'),
    text('sb', 'utf8mb4', 'utf8mb4_bin'),
    text('su', 'utf8mb4', uca),
    text('l', 'latin1', 'latin1_swedish_ci'),
    { name: 'c', type: 'CHAR(10) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci', values: TEXTS },
    { name: 'txt', type: 'TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci', values: TEXTS },
    { name: 'v', type: 'VARBINARY(40)', values: TEXTS },
    { name: 'bn', type: 'BINARY(4)', values: [`'a'`, `'ab'`, `x'00ff'`, `'abcd'`, `''`] },
    { name: 'dt', type: 'DATE', values: DATES },
    { name: 'dm', type: 'DATETIME(3)', values: DATETIMES },
    { name: 'dn', type: 'DATETIME', values: DATETIMES },
    { name: 'ts', type: 'TIMESTAMP NULL', values: TIMESTAMPS },
    { name: 'tm', type: 'TIME', values: TIMES },
    { name: 'tf', type: 'TIME(2)', values: TIMES },
    { name: 'y', type: 'YEAR', values: ['2000', '1999', '1901', '2155', '0', '2024'] },
    {
      name: 'e',
      type: `ENUM('a','b','c','10') CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci`,
      values: [`'a'`, `'b'`, `'c'`, `'10'`],
    },
    {
      name: 'st',
      type: `SET('x','y','z') CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci`,
      values: [`''`, `'x'`, `'x,z'`, `'y'`, `'x,y,z'`],
    },
    { name: 'bt', type: 'BIT(8)', values: [`b'0'`, `b'1'`, `b'1010'`, `b'11111111'`] },
    { name: 'j', type: 'JSON', values: [`'{"a": 1}'`, `'[1,2]'`, `'null'`, `'"a"'`] },
  ];
}

const NULL_SHARE = 0.12;

/** Makes texts of expressions. */
export class RandomExpressions {
  private readonly random: () => number;

  constructor(random: () => number) {
    this.random = random;
  }

  pick<T>(list: readonly T[]): T {
    const item = list[Math.floor(this.random() * list.length)];
    if (item === undefined) throw new RangeError('nothing to pick from');
    return item;
  }

  chance(share: number): boolean {
    return this.random() < share;
  }

  value({ values }: RandomColumn): string {
    return this.chance(NULL_SHARE) ? 'NULL' : this.pick(values);
  }

  /** A condition; `depth` bounds its nesting. */
  condition(depth = 3): string {
    if (depth > 0 && this.chance(0.35)) return this.logical(depth - 1);
    return this.pick<() => string>([
      () => this.numeric(depth),
      () => `${this.number(depth - 1)} ${this.comparison()} ${this.number(depth - 1)}`,
      () => `${this.number(depth - 1)} ${this.comparison()} ${this.number(depth - 1)}`,
      () => this.textual(depth),
      () => this.textual(depth),
      () => this.temporal(depth),
      () => this.mixed(),
      () => `${this.column()} IS ${this.not()}${this.pick(['NULL', 'NULL', 'TRUE', 'FALSE', 'UNKNOWN'])}`,
      () => this.members(),
    ])();
  }

  private logical(depth: number): string {
    const left = this.condition(depth);
    const right = this.condition(depth);
    return this.pick([
      `${left} AND ${right}`,
      `${left} OR ${right}`,
      `${left} OR ${right} AND ${this.condition(depth)}`,
      `(${left}) XOR ${right}`,
      `NOT ${left}`,
      `NOT (${left}) AND ${right}`,
      `!(${left})`,
      `${left} && ${right} || NOT ${this.condition(depth)}`,
      `(${left} OR ${right}) AND ${this.condition(depth)}`,
      `(${left}) IS ${this.not()}${this.pick(['TRUE', 'FALSE', 'NULL', 'UNKNOWN'])}`,
      `CASE WHEN ${left} THEN ${this.number(0)} WHEN ${right} THEN ${this.number(0)} ELSE ${this.number(0)} END > ${this.number(0)}`,
      `IF(${left}, ${this.text(0)}, ${this.text(0)}) = ${this.text(0)}`,
    ]);
  }

  private not(): string {
    return this.pick(['', '', 'NOT ']);
  }

  private comparison(): string {
    return this.pick(['=', '=', '<', '<=', '>', '>=', '<>', '!=', '<=>']);
  }

  private column(): string {
    return this.pick(randomColumns('utf8mb4_bin')).name;
  }

  private numeric(depth: number): string {
    const arg = this.number(depth - 1);
    return this.pick([
      arg,
      `${arg} % ${this.number(0)} = 0`,
      `${arg} ${this.not()}IN (${this.number(0)}, ${this.number(0)}, ${this.pick(['NULL', '5', this.number(0)])})`,
      `${arg} ${this.not()}BETWEEN ${this.number(0)} AND ${this.number(0)}`,
      `${arg} ${this.not()}BETWEEN ${this.number(0)} AND ${this.number(0)} OR ${this.number(0)}`,
      `(${arg}, ${this.text(0)}) = (${this.number(0)}, ${this.text(0)})`,
      `(${arg}, i) IN ((1, 2), (${this.number(0)}, i))`,
    ]);
  }

  private number(depth: number): string {
    if (depth <= 0 || this.chance(0.4)) return this.plainNumber();
    const left = this.number(depth - 1);
    const right = this.number(depth - 1);
    return this.pick([
      `${left} + ${right}`,
      `${left} - ${right}`,
      `${left} * ${right}`,
      `${left} / ${right}`,
      `(${left} + ${right}) * ${this.plainNumber()}`,
      `${left} DIV ${right}`,
      `${left} MOD ${right}`,
      `${left} | ${right} & ${this.plainNumber()}`,
      `${left} ^ ${right}`,
      `${left} << ${this.pick(['1', '2', '63'])} + 1`,
      `${left} >> 1`,
      `~${this.plainNumber()}`,
      `-${this.plainNumber()}`,
      `- -${this.plainNumber()}`,
      `ABS(${left})`,
      `FLOOR(${left})`,
      `CEIL(${left})`,
      `ROUND(${left}, ${this.pick(['0', '1', '2'])})`,
      `TRUNCATE(${left}, 1)`,
      `SIGN(${left})`,
      `MOD(${left}, ${right})`,
      `LENGTH(${this.text(0)})`,
      `CHAR_LENGTH(${this.text(0)})`,
      `LOCATE(${this.text(0)}, ${this.text(0)})`,
      `COALESCE(${left}, ${right})`,
      `IFNULL(${left}, 0)`,
      `NULLIF(${this.plainNumber()}, ${this.plainNumber()})`,
      `GREATEST(${left}, ${right})`,
      `LEAST(${this.plainNumber()}, ${this.plainNumber()})`,
      `CAST(${left} AS SIGNED)`,
      `CAST(${left} AS UNSIGNED)`,
      `CAST(${left} AS DECIMAL(12,3))`,
      `CAST(${this.text(0)} AS SIGNED)`,
      `${this.pick(['YEAR', 'MONTH', 'DAY', 'QUARTER', 'DAYOFWEEK', 'WEEKDAY', 'DAYOFYEAR', 'TO_DAYS'])}(${this.date(0)})`,
      `${this.pick(['HOUR', 'MINUTE', 'SECOND', 'MICROSECOND'])}(${this.pick(['dm', 'dn', 'ts'])})`,
      `DATEDIFF(${this.date(0)}, ${this.date(0)})`,
      `UNIX_TIMESTAMP(ts)`,
      `(${left} > ${right})`,
      `BIT_COUNT(${this.pick(['i', 'u', 'b'])})`,
      `CASE ${this.plainNumber()} WHEN ${this.plainNumber()} THEN ${left} ELSE ${right} END`,
    ]);
  }

  private plainNumber(): string {
    if (this.chance(0.6)) return this.pick(['t', 'i', 'i', 'u', 'b', 'ub', 'd', 'd', 'dd', 'f', 'x', 'y', 'e', 'st']);
    return this.pick([
      '0',
      '1',
      '2',
      '10',
      '1.5',
      '-1',
      '0.01',
      '1e1',
      '.5',
      '18446744073709551615',
      '9223372036854775807',
      '0x0A',
      '18',
      'TRUE',
      'NULL',
      '2000',
      '1e0',
      '10.50',
      '9007199254740993',
    ]);
  }

  private textColumn(): string {
    return this.pick(['s', 's', 's', 'sb', 'su', 'l', 'c', 'txt', 'e', 'st']);
  }

  private textual(depth: number): string {
    const arg = this.chance(0.5) ? this.textColumn() : this.text(depth - 1);
    return this.pick([
      `${arg} ${this.comparison()} ${this.text(depth - 1)}`,
      `${arg} ${this.comparison()} ${this.pick(TEXTS)}`,
      `${arg} ${this.comparison()} ${this.pick(TEXTS)}`,
      `${arg} ${this.not()}IN (${this.pick(TEXTS)}, ${this.pick(TEXTS)})`,
      `${arg} ${this.not()}IN (${this.text(0)}, ${this.text(0)})`,
      `${arg} ${this.not()}BETWEEN ${this.pick(TEXTS)} AND ${this.text(0)}`,
      `${arg} ${this.not()}LIKE ${this.pick([`'a%'`, `'%b%'`, `'_b%'`, `'a\\_c'`, `'%c'`, `'A_C'`, `'%'`, `'a|%c' ESCAPE '|'`, `'%日%'`, `'%a%b%c%'`, `''`])}`,
      `${arg} ${this.not()}${this.pick(['REGEXP', 'RLIKE'])} ${this.pick([`'^a'`, `'b+c?$'`, `'[0-9]+'`, `'a|x'`, `'^[a-c]*$'`, `'.b.'`, `'(ab){1,2}'`, `'[^a-z]'`])}`,
      `${this.pick(['s', 'sb', 'su'])} COLLATE ${this.pick(['utf8mb4_bin', 'utf8mb4_general_ci', 'utf8mb4_unicode_ci'])} ${this.comparison()} ${this.pick(TEXTS)}`,
      `BINARY ${this.pick(['s', 'sb', 'v'])} = ${this.pick(TEXTS)}`,
      `${this.pick(['v', 'bn'])} ${this.comparison()} ${this.pick([...TEXTS, `x'61'`, `0x6162`, `x'61000000'`])}`,
      `FIND_IN_SET(${this.text(0)}, 'a,b,abc') > 0`,
    ]);
  }

  private text(depth: number): string {
    if (depth <= 0 || this.chance(0.5)) {
      return this.chance(0.6) ? this.textColumn() : this.pick(TEXTS);
    }
    const arg = this.text(depth - 1);
    return this.pick([
      `CONCAT(${arg}, ${this.text(0)})`,
      `CONCAT(${arg}, ${this.pick(['i', 'd', 'dt', 'tm', 'u'])})`,
      `UPPER(${arg})`,
      `LOWER(${arg})`,
      `LEFT(${arg}, ${this.pick(['0', '1', '2', '-1'])})`,
      `RIGHT(${arg}, 2)`,
      `SUBSTRING(${arg}, ${this.pick(['1', '2', '-2', '0', '50'])})`,
      `SUBSTR(${arg}, 2, ${this.pick(['1', '2', '0'])})`,
      `SUBSTRING(${arg} FROM 2 FOR 1)`,
      `TRIM(${arg})`,
      `LTRIM(${arg})`,
      `RTRIM(${arg})`,
      `REVERSE(${arg})`,
      `REPLACE(${arg}, 'a', 'b')`,
      `IFNULL(${arg}, ${this.text(0)})`,
      `COALESCE(${arg}, ${this.text(0)}, 'x')`,
      `NULLIF(${arg}, ${this.text(0)})`,
      `CAST(${this.pick(['i', 'd', 's'])} AS CHAR)`,
    ]);
  }

  private date(depth: number): string {
    if (depth <= 0 || this.chance(0.5))
      return this.pick(['dt', 'dm', 'dn', 'ts', 'dt', `DATE '2020-02-29'`, `TIMESTAMP '2021-01-01 04:34:56'`]);
    const arg = this.date(depth - 1);
    return this.pick([
      `${arg} + INTERVAL ${this.pick(['1', '-1', 't', '40'])} ${this.pick(['DAY', 'MONTH', 'YEAR', 'HOUR', 'WEEK', 'SECOND', 'QUARTER', 'MINUTE'])}`,
      `DATE_SUB(${arg}, INTERVAL 1 ${this.pick(['DAY', 'MONTH', 'HOUR'])})`,
      `ADDDATE(${arg}, 3)`,
      `INTERVAL 2 DAY + ${arg}`,
      `CAST(${arg} AS DATE)`,
      `DATE(${arg})`,
      `CAST(${arg} AS DATETIME)`,
    ]);
  }

  private temporal(depth: number): string {
    const literal = this.pick([
      ...DATES,
      ...DATETIMES,
      `'2021-1-1'`,

      `'2020-01-01T00:00:00'`,
      `'20200101'`,
      `'20-1-1'`,
    ]);
    const arg = this.date(depth - 1);
    return this.pick([
      `${arg} ${this.comparison()} ${literal}`,
      `${arg} ${this.comparison()} ${literal}`,
      `${arg} ${this.comparison()} ${this.date(0)}`,
      `${arg} ${this.not()}BETWEEN ${literal} AND ${this.pick(DATETIMES)}`,
      `${arg} IN (${literal}, ${this.pick(DATES)})`,
      `${this.pick(['tm', 'tf'])} ${this.comparison()} ${this.pick([...TIMES, 'tm', 'tf', `'10:30'`])}`,
      `${arg} < NOW()`,
      `dt > 20200101`,
      `${this.pick(['dm', 'dt', 'tm'])} + 0 > ${this.number(0)}`,
      `${this.pick(['s', 'sb'])} = dt`,
      `${this.pick(['dt', 'dm', 'tm'])} IS TRUE`,
    ]);
  }

  /** Values of different types meet. */
  private mixed(): string {
    return this.pick([
      `${this.plainNumber()} ${this.comparison()} ${this.pick(TEXTS)}`,
      `${this.plainNumber()} ${this.comparison()} ${this.text(0)}`,
      `${this.text(0)} + ${this.plainNumber()} > ${this.plainNumber()}`,
      this.text(0),
      `${this.pick(['i', 's', 'd'])} IN (1, 'a', 2.5)`,
      `${this.pick(['i', 's'])} BETWEEN '1' AND ${this.pick(['5', `'5'`])}`,
      `bt ${this.comparison()} ${this.plainNumber()}`,
      `bt`,
      `y ${this.comparison()} ${this.pick(['2000', '99', `'2000'`, '1999', '0', `'99'`])}`,
      `j IS NOT NULL`,
      `JSON_EXTRACT(j, '$.a') = 1`,
      `HEX(s) LIKE '%6%'`,
      `v`,
      `${this.pick(['i', 'b', 'ub', 'u'])} ${this.comparison()} ${this.pick([`'10'`, `'1.5'`, `'10abc'`, `'9223372036854775807'`, `' 10'`, `'1e1'`, `''`])}`,
    ]);
  }

  private members(): string {
    return this.pick([
      `e = ${this.pick([`'a'`, `'A'`, '1', `'10'`, '10', `''`])}`,
      `e IN ('a', 'c')`,
      `e > 1`,
      `e + 1 = 2`,
      `st = ${this.pick([`'x'`, `'x,z'`, '1', '5', `'z,x'`])}`,
      `st & 1`,
      `FIND_IN_SET('x', st)`,
      `e = s`,
      `e LIKE 'a%'`,
      `e ${this.comparison()} 'b'`,
    ]);
  }
}
