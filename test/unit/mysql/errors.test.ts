import { describe, expect, it } from 'vitest';
import { dmError } from '../../../src/errors/dm-error.js';
import {
  databaseError,
  isConnectionError,
  isIgnorableDdlError,
  isNotResumable,
  isRetryable,
  serverErrno,
} from '../../../src/mysql/errors.js';

const server = (errno: number, sqlMessage: string): Error =>
  Object.assign(new Error(sqlMessage), { errno, sqlMessage, code: 'ER_X' });
const driver = (code: string, message = code): Error => Object.assign(new Error(message), { code });

describe('classification of database errors', () => {
  it.each([
    ['refused', driver('ECONNREFUSED'), true, true],
    ['reset', driver('ECONNRESET'), true, true],
    ['closed by server', driver('PROTOCOL_CONNECTION_LOST'), true, true],
    ['closed state', new Error("Can't add new command when connection is in closed state"), true, true],
    ['several addresses', new AggregateError([driver('ECONNREFUSED')], ''), true, true],
    ['2013 from the server', server(2013, 'Lost connection'), true, true],
    ['shutdown', server(1053, 'Server shutdown in progress'), true, true],
    ['killed session (MariaDB)', server(1927, 'Connection was killed'), true, true],
    ['lock wait', server(1205, 'Lock wait timeout exceeded'), false, true],
    ['deadlock', server(1213, 'Deadlock found'), false, true],
    ['TiDB write conflict', server(9007, 'Write conflict'), false, true],
    ['TiDB write conflict, optimistic', server(8005, 'Write conflict'), false, true],
    ['TiDB schema changed', server(8028, 'Information schema is changed'), false, true],
    ['TiDB schema by text', server(1105, 'Information schema is out of date.'), false, true],
    ['other 1105', server(1105, 'something else'), false, false],
    ['TiKV timeout', server(9002, 'TiKV server timeout'), false, false],
    ['interrupted', server(1317, 'Query execution was interrupted'), false, false],
    ['duplicate', server(1062, "Duplicate entry 'closed state' for key"), false, false],
    ['access denied', server(1045, 'Access denied for user'), false, false],
    ['bug of ours', new TypeError('x is undefined'), false, false],
    ['not an error', 'text', false, false],
    ['DM bad connection', dmError(10002), true, true],
    ['wrapped', dmError(10006, ['x'], { cause: server(1213, 'Deadlock found') }), false, true],
  ])('%s', (_name, error, connection, retryable) => {
    expect(isConnectionError(error)).toBe(connection);
    expect(isRetryable(error)).toBe(retryable);
  });

  it.each([1007, 1008, 1050, 1051, 1060, 1061, 1091])('DDL error %i counts as done', (errno) => {
    expect(isIgnorableDdlError(server(errno, 'x'))).toBe(true);
    expect(isIgnorableDdlError(dmError(10006, ['ALTER'], { cause: server(errno, 'x') }))).toBe(true);
  });

  it.each([1062, 1054, 1146, 0])('DDL error %i stays an error', (errno) => {
    expect(isIgnorableDdlError(server(errno, 'x'))).toBe(false);
  });

  it.each([
    [
      databaseError(server(1062, "Duplicate entry '1' for key 'PRIMARY'"), { scope: 'downstream', kind: 'execute' }),
      true,
    ],
    [databaseError(server(8200, 'Unsupported modify column: x'), { scope: 'downstream', kind: 'execute' }), true],
    [databaseError(server(1366, 'Incorrect integer value'), { scope: 'downstream', kind: 'execute' }), true],
    [databaseError(server(1205, 'Lock wait timeout'), { scope: 'downstream', kind: 'execute' }), false],
    [dmError(36027, [1, 2]), true],
    [
      dmError(36069, [''], { cause: server(1236, 'Could not find first log file name in binary log index file') }),
      true,
    ],
    [dmError(11038, ['f'], { cause: new Error('binlog checksum mismatch, data may be corrupted') }), true],
    [dmError(11038, ['f'], { cause: new Error('disk trouble') }), false],
    [dmError(10002), false],
    [new Error('anything'), false],
  ])('resumability of %s', (error, expected) => {
    expect(isNotResumable(error)).toBe(expected);
  });
});

describe('databaseError', () => {
  it('tells what was under way', () => {
    const at = { scope: 'downstream' } as const;
    expect(databaseError(driver('ECONNREFUSED'), { ...at, kind: 'execute' }).code).toBe(10002);
    expect(databaseError(driver('ECONNRESET'), { ...at, kind: 'connect' }).code).toBe(10002);
    expect(databaseError(driver('ECONNRESET'), { ...at, kind: 'execute' }).code).toBe(10003);
    expect(databaseError(server(1045, 'Access denied'), { ...at, kind: 'connect' }).code).toBe(10001);
    const failed = databaseError(server(1064, 'syntax'), { scope: 'upstream', kind: 'query', sql: 'SELEC' });
    expect(failed.toString()).toContain(
      '[code=10005:class=database:scope=upstream:level=high], Message: query statement failed: SELEC, RawCause: Error 1064: syntax',
    );
    expect(serverErrno(failed)).toBe(1064);
  });

  it('keeps an error that is classified already and shortens long statements', () => {
    const known = dmError(36027, [1, 2]);
    expect(databaseError(known, { scope: 'upstream', kind: 'query' })).toBe(known);
    const long = databaseError(server(1064, 'x'), { scope: 'upstream', kind: 'execute', sql: 'a'.repeat(100_000) });
    expect(long.message.length).toBeLessThan(1200);
  });
});
