import type { SubtaskConfig } from '../config/types.js';
import { dmError } from '../errors/dm-error.js';
import { createColumnMapping } from '../filter/column-mapping.js';
import { createEventFilter, type EventFilter } from '../filter/event-filter.js';
import { createExpressionFilter } from '../filter/expression/index.js';
import { eventsInLowerCase, mappingInLowerCase } from '../filter/lower-case.js';
import { createRouter, type TableMapping } from '../filter/router.js';
import { cleanDumpDir } from '../load/clean.js';
import type { Logger } from '../log/logger.js';
import { acquireFence, type Fence } from '../meta/fence.js';
import { createMetaTables, type MetaTables } from '../meta/tables.js';
import { openConnection } from '../mysql/connect.js';
import { introspectTable, loadDatabaseDefaults } from '../schema/introspect.js';
import { SchemaTracker } from '../schema/tracker.js';
import { CheckpointStore, type Checkpoint } from './checkpoint/checkpoint.js';
import { Control } from './control.js';
import { countingFilters, lastApplied, type CountingFilters } from './counting-filter.js';
import { DdlApplier } from './ddl/ddl-applier.js';
import type { RewritePlanOptions } from './ddl/ddl-plan.js';
import { DdlRunner } from './ddl/ddl-runner.js';
import { DownstreamTables } from './write/downstream-tables.js';
import { EventApplier } from './event-applier.js';
import { CheckpointKeeper } from './checkpoint/keeper.js';
import { SparingWarning } from '../log/sparing.js';
import { MissedRows } from './missed-rows.js';
import { OnlineRecords } from './ddl/online-ddl.js';
import { Pipeline } from './write/pipeline.js';
import type { SyncCounters } from './progress.js';
import type { SyncOptions } from './run.js';
import { downstreamSeed, serverSeed, upstreamSeed, type SeedOptions } from './start/seeds.js';
import { RowFilters } from './row-filters.js';
import { SeqSet } from './checkpoint/seq-set.js';
import { describeDownstream, describeUpstream, type DownstreamInfo, type UpstreamInfo } from './start/servers.js';
import { freshStart, trackDump, type FreshStart } from './start/start.js';
import { Writer } from './write/writer.js';
import { PreparedTransactions } from './xa/prepared.js';
import { XaRowsReader } from './xa/rows-source.js';

/** Bytes of row values in one transaction; less where the downstream takes smaller requests. */
const MAX_BATCH_BYTES = 1024 * 1024;

/** Bytes of row values waiting or under way. */
const MAX_PENDING_BYTES = 32 * 1024 * 1024;

/** Bytes of rows of prepared XA transactions that are held, and of the one being read besides. */
const XA_BYTES = 8 * 1024 * 1024;

/** DM's window of safe mode after a start from a checkpoint that it knows nothing more of, in flush intervals. */
const SAFE_WINDOW_FLUSHES = 2;

/** What the parts of a unit are made from. */
export interface Surroundings {
  config: SubtaskConfig;
  options: SyncOptions;
  worker: string;
  logger: Logger;
  tables: MetaTables;
  control: Control;
  upstream: Control;
  /** Whether another process may own the unit by now. */
  mayWrite: () => boolean;
  counters: SyncCounters;
  retryMs: number;
  dead: AbortSignal;
  ending: AbortSignal;
  /** Called when an applier has failed. */
  onFailed: () => void;
}

/** The parts of a running unit. */
export interface Parts {
  fence: Fence;
  tracker: SchemaTracker;
  pipeline: Pipeline;
  keeper: CheckpointKeeper;
  applier: EventApplier;
  ddl: DdlRunner;
  xaRows: XaRowsReader;
}

/** Becomes the owner of the subtask, reads its checkpoint, and puts the unit together. @throws as `runSync` says */
export async function assemble(around: Surroundings): Promise<Parts> {
  const { config, control, tables } = around;
  const upstream = await around.upstream.run(describeUpstream);
  await control.run((connection) => createMetaTables(connection, tables));
  const slots = config.sync.workerCount + 1;
  const fence = await control.run((connection) => {
    // Behind the upstream's answers: a process that was stopped meanwhile must not take the unit from its new owner.
    if (!around.mayWrite()) throw dmError(36020);
    return acquireFence(connection, { tables, sourceId: config.sourceId, slots, owner: around.worker });
  });
  const downstream = await control.run((connection) =>
    describeDownstream(connection, config.to.maxAllowedPacket, around.logger),
  );
  const store = new CheckpointStore(tables, config.sourceId, fence, () => control.connection());
  const stored = await control.run(() => store.read());
  const { dataDir, dumpMeta } = around.options;
  const fresh = stored === undefined ? await freshStart(config, dataDir, dumpMeta) : undefined;
  const checkpoint = stored ?? freshCheckpoint(fresh);
  const lowerCase = upstream.profile.lowerCaseTableNames !== 0;
  const router = around.options.mapping ?? createRouter(config.routes, config.caseSensitive);
  const mapping = lowerCase ? mappingInLowerCase(router) : router;
  const tracker = openTracker(around, store, upstream, downstream, mapping);
  const pipeline = openPipeline(around, fence, downstream);
  const filters = countingFilters(config, checkpoint, lowerCase);
  const filter = filters.current.text;
  const prepared = new PreparedTransactions(tables, config.sourceId, around.options.xaBytes ?? XA_BYTES);
  await control.run((connection) => prepared.load(connection, stored?.foreign === false));
  if (checkpoint.filter !== filter) prepared.forgetRows();
  const keeper = new CheckpointKeeper({
    store,
    control,
    fence,
    tracker,
    pipeline,
    start: { seq: checkpoint.seq, location: checkpoint.location },
    appliedSeq: checkpoint.appliedSeq,
    oldApplied: lastApplied(checkpoint),
    safeModeExit: checkpoint.safeModeExit,
    filter,
    prepared,
    stored: stored !== undefined && !stored.foreign,
  });
  const online = new OnlineRecords(tables, config.sourceId, upstream.profile.lowerCaseTableNames !== 0);
  await control.run((connection) => online.load(connection));
  const known = { checkpoint, filters, upstream, downstream, mapping };
  const applier = openApplier({ around, ...known, store, tracker, pipeline, keeper, prepared, fence, online });
  if (fresh?.dumpDir !== undefined) await trackDump(fresh.dumpDir, config, tracker);
  if (keeper.isDue) await keeper.flush();
  if (fresh?.dumpDir !== undefined && config.cleanDumpFile) await cleanDumpDir(fresh.dumpDir, 'all');
  around.logger.info('replication starts', {
    position: `(${checkpoint.location.name}, ${checkpoint.location.pos})`,
    gtidSet: checkpoint.location.gtidSet,
    epoch: fence.epoch,
    appliedBeyond: checkpoint.applied.length,
    preparedXa: prepared.size,
  });
  return { fence, tracker, pipeline, keeper, ...applier, xaRows: openXaRows(around, prepared) };
}

function freshCheckpoint(fresh: FreshStart | undefined): Checkpoint {
  return {
    location: fresh?.location ?? { name: '', pos: 0, gtidSet: '' },
    seq: 0,
    appliedSeq: 0,
    applied: [],
    safeModeExit: fresh?.safeModeExit,
    ddl: undefined,
    filter: undefined,
    foreign: false,
  };
}

function openTracker(
  { control, upstream: upstreamControl }: Surroundings,
  store: CheckpointStore,
  upstream: UpstreamInfo,
  downstream: DownstreamInfo,
  mapping: TableMapping,
): SchemaTracker {
  const servers: SeedOptions = {
    upstream: (work) => upstreamControl.run(work),
    upstreamProfile: upstream.profile,
    downstream: (work) => control.run(work),
    downstreamProfile: downstream.profile,
    mapping,
  };
  return new SchemaTracker({
    profile: upstream.profile,
    store: {
      load: (schema, table) => control.run(() => store.load(schema, table)),
      knowsSchema: (schema) => control.run(() => store.knowsSchema(schema)),
    },
    seeds: [serverSeed(servers), downstreamSeed(servers), upstreamSeed(servers)],
    loadDatabaseDefaults: (schema) => upstreamControl.run((connection) => loadDatabaseDefaults(connection, schema)),
  });
}

function openPipeline(around: Surroundings, fence: Fence, { target }: DownstreamInfo): Pipeline {
  const { config, counters, logger } = around;
  const { workerCount, batch, queueSize, compact, multipleRows } = config.sync;
  const options = {
    to: config.to,
    maxAllowedPacket: target.maxAllowedPacket,
    merging: { compact, multipleRows },
    tables: around.tables,
    sourceId: config.sourceId,
    fence,
    repeated: new SparingWarning(logger, 'a batch is repeated'),
    retryMs: around.retryMs,
    mayWrite: around.mayWrite,
    dead: around.dead,
    ending: around.ending,
  };
  const missedRows = new MissedRows(counters, logger);
  return new Pipeline({
    writers: Array.from({ length: workerCount }, (_, lane) => new Writer(lane + 1, options)),
    batch,
    compact,
    batchBytes: Math.min(MAX_BATCH_BYTES, Math.floor(target.maxAllowedPacket / 4)),
    maxRows: Math.max(batch * workerCount, Math.floor((queueSize * workerCount) / 2)),
    maxBytes: MAX_PENDING_BYTES,
    onApplied: (jobs, { missed }) => {
      counters.rows += jobs.length;
      counters.batches++;
      for (const [table, rows] of missed) missedRows.report(table, rows, Date.now());
    },
    onFailed: around.onFailed,
  });
}

interface ApplierParts {
  around: Surroundings;
  store: CheckpointStore;
  checkpoint: Checkpoint;
  filters: CountingFilters;
  upstream: UpstreamInfo;
  downstream: DownstreamInfo;
  mapping: TableMapping;
  tracker: SchemaTracker;
  pipeline: Pipeline;
  keeper: CheckpointKeeper;
  prepared: PreparedTransactions;
  fence: Fence;
  online: OnlineRecords;
}

function openXaRows({ config, options, upstream, logger }: Surroundings, prepared: PreparedTransactions): XaRowsReader {
  return new XaRowsReader({
    source: config.from,
    flavor: config.flavor,
    useGtid: config.enableGtid,
    prepared,
    maxBytes: options.xaBytes ?? XA_BYTES,
    upstream: (work) => upstream.run(work),
    logger,
  });
}

function openApplier(parts: ApplierParts): { applier: EventApplier; ddl: DdlRunner } {
  const { around, checkpoint, upstream, downstream, mapping, store, fence, tracker, pipeline, keeper, online } = parts;
  const { config, control, counters, logger } = around;
  const lowerCase = upstream.profile.lowerCaseTableNames !== 0;
  const { current, next } = parts.filters;
  const rules = createEventFilter(config.filters);
  const events = lowerCase ? eventsInLowerCase(rules) : rules;
  const plan: RewritePlanOptions = {
    flavor: config.flavor,
    serverVersion: upstream.profile.versionNumber,
    mapping,
    splitAlways: downstream.splitsAlter,
    dropIndexExistence: downstream.hasDropIndexExistence,
    dropForeignOptions: downstream.target.isTiDB,
    leavesMariadb: config.flavor === 'mariadb' && downstream.kind.product !== 'mariadb',
  };
  const ddl = new DdlRunner({
    fence,
    to: config.to,
    plan,
    logger,
    upstreamOffset: upstream.offset,
    isTiDB: downstream.target.isTiDB,
    hasUtf8mb4Default: downstream.hasUtf8mb4Default,
    upstream: upstream.profile,
    retryMs: around.retryMs,
    mayWrite: around.mayWrite,
    dead: around.dead,
    ending: around.ending,
    saveIntent: (intent) => control.run(() => store.saveIntent(intent), fence),
    intentCheckSql: (marker) => store.intentCheckSql(marker),
  });
  const tables = new DownstreamTables((work) => control.run(work), downstream.profile, downstream.target, mapping);
  const ddlApplier = new DdlApplier({
    plan,
    events,
    downstream: downstream.kind,
    collations: downstream.collations,
    tracker,
    upstreamTable: (schema, table) =>
      around.upstream.run((connection) => introspectTable(connection, upstream.profile, schema, table)),
    tables,
    pipeline,
    keeper,
    ddl,
    online,
    counters,
    logger,
    begun: checkpoint.ddl,
  });
  const applier = new EventApplier({
    flavor: config.flavor,
    useGtid: config.enableGtid,
    safeMode: config.sync.safeMode,
    safeUntil: checkpoint.foreign ? Date.now() + SAFE_WINDOW_FLUSHES * config.sync.checkpointFlushIntervalMs : 0,
    filter: current,
    nextFilter: next,
    plan,
    events,
    rows: openRowFilters(around, events),
    online,
    tracker,
    tables,
    pipeline,
    keeper,
    prepared: parts.prepared,
    ddl: ddlApplier,
    counters,
    logger,
    appliedSeq: checkpoint.appliedSeq,
    applied: new SeqSet(checkpoint.applied),
    isEnding: () => around.ending.aborted,
  });
  return { applier, ddl };
}

function openRowFilters(around: Surroundings, events: EventFilter): RowFilters {
  const { config, retryMs, mayWrite, dead, ending } = around;
  const { caseSensitive, to } = config;
  // Opened when an expression has to be evaluated by a server, in a session of its own.
  const server = new Control({
    role: 'downstream',
    open: (signal) => openConnection(to, { role: 'downstream', signal }),
    retryMs,
    mayWrite,
    dead,
    ending,
  });
  dead.addEventListener('abort', () => server.close(), { once: true });
  return new RowFilters({
    events,
    expressions: createExpressionFilter(config.expressionFilters, { caseSensitive, server: () => server.connection() }),
    mapping: createColumnMapping(config.columnMappings, caseSensitive),
    retry: (work) => server.run(work),
  });
}
