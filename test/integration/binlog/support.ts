import { openBinlogStream, type BinlogStreamOptions } from '../../../src/binlog/stream.js';
import type { DatabaseConfig, Flavor } from '../../../src/config/types.js';
import { silentLogger } from '../../../src/log/logger.js';
import { closeConnection, openConnection, queryRows, type DbConnection } from '../../../src/mysql/connect.js';
import { quoteString } from '../../../src/mysql/quote.js';
import { masterStatus } from '../../../src/mysql/server-info.js';
import type { Column, Table } from '../../../src/schema/model.js';
import { onFileEnd, type DatabaseServer, type ServerAddress } from '../../support/servers.js';
import type { BinlogEvent, BinlogLocation, EventStream, RowsEvent } from '../../../src/sync/events.js';

/** A server under test with a connection for statements. */
export interface Upstream {
  flavor: Flavor;
  config: DatabaseConfig;
  connection: DbConnection;
}

/** Opens an upstream of the test run. */
export async function upstreamOf(address: ServerAddress | DatabaseServer): Promise<Upstream> {
  const config: DatabaseConfig = {
    host: address.host,
    port: address.port,
    user: address.user,
    password: address.password,
  };
  const connection = await openConnection(config, { role: 'upstream' });
  onFileEnd(() => closeConnection(connection));
  return { flavor: address.flavor, config, connection };
}

/** Structure of a table as it is now, by information_schema: enough for tests that do not alter between events. */
export async function tableNow(connection: DbConnection, schema: string, name: string): Promise<Table> {
  const sql = `SELECT * FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ${quoteString(schema)} AND TABLE_NAME = ${quoteString(name)} ORDER BY ORDINAL_POSITION`;
  const rows = await queryRows(connection, 'upstream', sql);
  return {
    schema,
    name,
    columns: rows.map((row) => {
      const columnType = String(row['COLUMN_TYPE']);
      const column: Column = {
        name: String(row['COLUMN_NAME']),
        type: String(row['DATA_TYPE']).toLowerCase(),
        columnType,
        unsigned: columnType.includes('unsigned'),
        zerofill: columnType.includes('zerofill'),
        nullable: row['IS_NULLABLE'] === 'YES',
        autoIncrement: false,
        invisible: false,
      };
      const charset = row['CHARACTER_SET_NAME'] as string | null;
      if (charset !== null) column.charset = charset;
      return column;
    }),
    indexes: [],
    foreignKeys: [],
    checks: [],
    charset: 'utf8mb4',
    collation: 'utf8mb4_bin',
    options: {},
  };
}

/** Opens a stream on an upstream with structures read from it as they are now. */
export async function openStream(
  upstream: Upstream,
  start: BinlogLocation | { gtidSet: string },
  schema: string,
  more: Partial<BinlogStreamOptions> = {},
): Promise<EventStream> {
  return openBinlogStream({
    source: upstream.config,
    flavor: upstream.flavor,
    serverId: 4_000_000 + Math.floor(Math.random() * 1_000_000),
    start,
    useGtid: true,
    logger: silentLogger,
    lookup: (db, table) => (db === schema ? tableNow(upstream.connection, db, table) : undefined),
    ...more,
  });
}

/** All events up to the end of the binlog as it is when this is called. Closes the stream. */
export async function eventsUpToNow(upstream: Upstream, stream: EventStream): Promise<BinlogEvent[]> {
  const target = await masterStatus(upstream.connection, upstream.flavor);
  const events: BinlogEvent[] = [];
  for await (const event of stream) {
    events.push(event);
    if (event.type === 'commit' && event.location.name === target.name && event.location.pos >= target.pos) break;
  }
  await stream.close();
  return events;
}

/** The rows events of a table. */
export function rowsOf(events: readonly BinlogEvent[], table: string): RowsEvent[] {
  return events.filter((event) => event.type === 'rows').filter((event) => event.table === table);
}
