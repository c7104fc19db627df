import type { DatabaseConfig, Flavor } from '../config/types.js';
import { dmError } from '../errors/dm-error.js';
import {
  closeConnection,
  openConnection,
  queryRows,
  type ConnectOptions,
  type DbConnection,
} from '../mysql/connect.js';
import { MysqlGtidSet, parseGtidSet, type GtidSet } from '../mysql/gtid-set.js';
import { FIRST_EVENT_POSITION } from '../mysql/position.js';
import { quoteString } from '../mysql/quote.js';
import type { BinlogLocation } from '../sync/events.js';
import type { DecoderOptions } from './decoder.js';
import type { DumpRequest } from './transport.js';

/** Where to start, and on which server. */
export interface StartOptions {
  source: DatabaseConfig;
  flavor: Flavor;
  /** First place to read from: behind a transaction, or a GTID set alone. */
  start: BinlogLocation | { gtidSet: string };
  /** Start by GTID set where the server has GTIDs; the position counts otherwise. */
  useGtid: boolean;
  /** What is known of the server from earlier starts, kept here for later ones: positions mean something on it alone. */
  known?: KnownServer;
  signal?: AbortSignal;
}

/** The server that an earlier start by position was on. */
export interface KnownServer {
  identity?: string;
}

/** How to ask for the place to start at. */
export interface StartPlan {
  request: Pick<DumpRequest, 'gtidSet' | 'name' | 'pos'>;
  decoder: DecoderOptions;
}

/** Highest position that the plain dump command can name. */
const MAX_DUMP_POSITION = 0xffffffff;

/**
 * Finds out how to start on this server, and whether it can.
 * @throws DmError 10001, 10002, 10003, 10005 (connection), 36069 (the server cannot go on from there)
 */
export async function planStart(options: StartOptions): Promise<StartPlan> {
  const { flavor, start, useGtid } = options;
  const place = 'name' in start ? start : { name: '', pos: 0, gtidSet: start.gtidSet };
  const executed = parseGtidSet(flavor, place.gtidSet);
  const session: ConnectOptions = { role: 'upstream' };
  if (options.signal !== undefined) session.signal = options.signal;
  const connection = await openConnection(options.source, session);
  try {
    const byGtid = place.name === '' || (useGtid && !executed.isEmpty() && (await hasGtids(connection, flavor)));
    if (byGtid) {
      await checkGtidStart(connection, flavor, executed);
      const request = { gtidSet: executed.toString(), name: place.name, pos: place.pos };
      return { request, decoder: { start: { name: '', pos: FIRST_EVENT_POSITION }, executed } };
    }
    if (options.known !== undefined) await assertSameServer(connection, flavor, options.known);
    return await planPositionStart(connection, options, place, executed);
  } finally {
    await closeConnection(connection);
  }
}

/** The same address may lead to another server by now, where the same place is another one (manual section 5.3). */
async function assertSameServer(connection: DbConnection, flavor: Flavor, known: KnownServer): Promise<void> {
  const identity = flavor === 'mysql' ? '@@GLOBAL.server_uuid' : "CONCAT_WS('/', @@hostname, @@port, @@server_id)";
  const [row] = await queryRows(connection, 'upstream', `SELECT ${identity} AS identity`);
  const found = String(row?.['identity']);
  known.identity ??= found;
  if (known.identity === found) return;
  throw dmError(36069, ['the upstream is another server than before'], {
    cause: new Error(`server ${found} instead of ${known.identity}`),
    workaround:
      'Please switch back. To move a source between servers of one replication cluster, set `enable-gtid: true`, and pause ' +
      'or stop its tasks before.',
  });
}

async function planPositionStart(
  connection: DbConnection,
  options: StartOptions,
  place: BinlogLocation,
  known: GtidSet,
): Promise<StartPlan> {
  const { name } = place;
  const pos = Math.max(place.pos, FIRST_EVENT_POSITION);
  const start = { name, pos };
  let executed: GtidSet | undefined = known.isEmpty() ? undefined : known;
  if (executed === undefined && options.useGtid && options.flavor === 'mariadb') {
    executed = await mariadbSetAt(connection, start);
  }
  const collect = executed === undefined && options.useGtid && (await hasGtids(connection, options.flavor));
  if ((collect || pos > MAX_DUMP_POSITION) && pos > FIRST_EVENT_POSITION) {
    // From the start of the file: its Previous_gtids event and the GTIDs up to the place make the set.
    const first = { name, pos: FIRST_EVENT_POSITION };
    const decoder: DecoderOptions = { start: first, skipTo: start };
    if (executed !== undefined) decoder.executed = executed;
    return { request: first, decoder };
  }
  const decoder: DecoderOptions = { start };
  if (executed !== undefined) decoder.executed = executed;
  return { request: start, decoder };
}

async function mariadbSetAt(
  connection: DbConnection,
  place: { name: string; pos: number },
): Promise<GtidSet | undefined> {
  const sql = `SELECT BINLOG_GTID_POS(${quoteString(place.name)}, ${place.pos}) AS gtid`;
  const [row] = await queryRows(connection, 'upstream', sql);
  const text = row?.['gtid'] as string | null | undefined;
  return text === null || text === undefined ? undefined : parseGtidSet('mariadb', text);
}

async function hasGtids(connection: DbConnection, flavor: Flavor): Promise<boolean> {
  if (flavor === 'mariadb') return true;
  const [row] = await queryRows(connection, 'upstream', "SHOW GLOBAL VARIABLES LIKE 'gtid_mode'");
  return row !== undefined && String(row['Value']).toUpperCase() !== 'OFF';
}

const GTID_SETTLE_MS = 1_000;

/** Tells at once when the upstream cannot go on from a set: transactions purged, or a history of its own. */
async function checkGtidStart(connection: DbConnection, flavor: Flavor, set: GtidSet): Promise<void> {
  if (flavor !== 'mysql') return;
  const read = async (): Promise<{ purged: GtidSet; executed: GtidSet }> => {
    const sql = 'SELECT @@GLOBAL.gtid_purged AS purged, @@GLOBAL.gtid_executed AS executed';
    const [row] = await queryRows(connection, 'upstream', sql);
    return {
      purged: MysqlGtidSet.parse((row?.['purged'] ?? '') as string),
      executed: MysqlGtidSet.parse((row?.['executed'] ?? '') as string),
    };
  };
  let { purged, executed } = await read();
  if (!executed.contains(set)) {
    // A transaction is in the binlog shortly before it counts as executed, and we may just have read it.
    await new Promise((resolve) => setTimeout(resolve, GTID_SETTLE_MS));
    ({ purged, executed } = await read());
  }
  if (!executed.contains(set)) {
    throw dmError(36069, ['the upstream lacks transactions that were replicated already'], {
      cause: new Error(`not executed on the upstream: ${set.subtract(executed).toString()}`),
      workaround: 'Please check that the source is the right server and was not reset or rolled back.',
    });
  }
  if (!set.contains(purged)) {
    throw dmError(36069, ['the upstream has purged binlogs that are still needed'], {
      cause: new Error(`purged GTIDs that were not replicated: ${purged.subtract(set).toString()}`),
      workaround: PURGED_ADVICE,
    });
  }
}

/** What to do when binlogs are gone. */
export const PURGED_ADVICE =
  'Please restore the purged binlogs, or migrate in full again: the binlogs needed to go on are gone from the upstream.';
