import type { SourceDefinition } from '../config/source-file.js';
import type { SourceConfig } from '../config/types.js';
import { dmError } from '../errors/dm-error.js';
import { closeConnection, queryRows } from '../mysql/connect.js';
import { detectServer, type ServerInfo } from '../mysql/server-info.js';
import { serverErrno } from '../mysql/errors.js';
import { connect } from './connections.js';

/** DM draws replica ids from here, where ids of real servers are rare. */
const SERVER_ID_BASE = 429_496_729;
const SERVER_ID_RANGE = 100_000;
const DRAWS = 5;

/** Options of {@link completeSource}. */
export interface CompleteSourceOptions {
  signal?: AbortSignal;
  /** A number from 0 up to 1, for the replica id. Default `Math.random`. */
  random?: () => number;
}

/**
 * Connects to the upstream of a source file, fills in what the file leaves open (flavor, replica id) and checks that GTID
 * is on where the file wants it.
 *
 * @throws DmError 26002 when the server cannot be reached, 26007 when GTID is off, 20003 when the file names another flavor
 */
export async function completeSource(
  definition: SourceDefinition['config'],
  options: CompleteSourceOptions = {},
): Promise<SourceConfig> {
  const connection = await connect(definition.from, 'upstream', options.signal);
  try {
    const info = await detectServer(connection, 'upstream');
    checkFlavor(definition, info);
    checkGtid(definition, info);
    const used = await replicaIds(connection, info);
    const serverId = definition.serverId ?? drawServerId(used, options.random ?? Math.random);
    return { ...definition, flavor: info.flavor, serverId };
  } finally {
    await closeConnection(connection);
  }
}

function checkFlavor(definition: SourceDefinition['config'], info: ServerInfo): void {
  if (definition.flavor === undefined || definition.flavor === info.flavor) return;
  throw dmError(20003, [
    `source ${definition.sourceId}: \`flavor\` is ${definition.flavor}, but the server is ${info.flavor} (${info.version})`,
  ]);
}

function checkGtid(definition: SourceDefinition['config'], info: ServerInfo): void {
  if (!definition.enableGtid || info.flavor === 'mariadb' || info.gtidMode === 'ON') return;
  throw dmError(26007, [definition.sourceId, info.gtidMode === '' ? 'OFF' : info.gtidMode], {
    workaround: 'Turn GTID on in the upstream (gtid_mode=ON), or set `enable-gtid: false` in the source file.',
  });
}

async function replicaIds(connection: Parameters<typeof queryRows>[0], info: ServerInfo): Promise<Set<number>> {
  const used = new Set([info.serverId]);
  for (const sql of ['SHOW REPLICAS', 'SHOW SLAVE HOSTS']) {
    try {
      const rows = await queryRows(connection, 'upstream', sql);
      for (const row of rows) used.add(Number(row['Server_Id'] ?? row['Server_id']));
      return used;
    } catch (error) {
      // Old servers do not know the new words, and some users may not look: then the draw alone has to do.
      if (serverErrno(error) === undefined) throw error;
    }
  }
  return used;
}

function drawServerId(used: ReadonlySet<number>, random: () => number): number {
  let id = SERVER_ID_BASE;
  for (let draw = 0; draw < DRAWS; draw++) {
    id = SERVER_ID_BASE + Math.floor(random() * SERVER_ID_RANGE);
    if (!used.has(id)) return id;
  }
  return id;
}
