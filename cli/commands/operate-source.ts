import { parse } from 'yaml';
import { renderSource } from '../../src/config/render.js';
import { sealSecrets } from '../../src/config/secret.js';
import { readSourceFile, SAMPLE_SOURCE_FILE, type SourceDefinition } from '../../src/config/source-file.js';
import type { SourceConfig } from '../../src/config/types.js';
import { dmError } from '../../src/errors/dm-error.js';
import type { CommandReply, SourceInput, SourceReply } from '../../workflows/contract.js';
import { readRequiredFile } from './arguments.js';
import { schemaLine } from './check-config.js';
import { errorText, isNotFound, printAnswer, UsageError, type DmctlContext, type Services } from './context.js';
import { effectiveOptions, type GlobalOptions } from './global-options.js';
import { noWorker } from './no-worker.js';

const NO_FREE_WORKER = 'source is added but there is no free worker to bound';
const NEVER_BOUND = "source is stopped and hasn't bound to worker before being stopped";

/** `operate-source <operate-type> [config-file ...] [--print-sample-config]`. */
export async function operateSource(
  context: DmctlContext,
  global: GlobalOptions,
  type: string | undefined,
  files: string[],
  flags: { printSampleConfig?: boolean },
): Promise<void> {
  if (flags.printSampleConfig === true) {
    context.output.out(`${schemaLine('source')}${SAMPLE_SOURCE_FILE}`);
    return;
  }
  const operation = OPERATIONS[type ?? ''];
  if (operation === undefined) {
    throw new UsageError(`operate-type must be one of ${Object.keys(OPERATIONS).join(', ')}`);
  }
  const sources = [...new Set(global.source ?? [])];
  if (operation.needsFile && files.length === 0) throw new UsageError('give at least one config-file');
  if (type === 'stop' && files.length === 0 && sources.length === 0) {
    throw new UsageError('give at least one config-file or source');
  }
  const services = await context.services(effectiveOptions(global));
  let answer: CommandReply;
  try {
    answer = await operation.run(context, services, files, sources);
  } catch (error) {
    answer = { result: false, msg: errorText(error), sources: [] };
  }
  printAnswer(context, answer);
}

interface Operation {
  needsFile: boolean;
  run(context: DmctlContext, services: Services, files: string[], sources: string[]): Promise<CommandReply>;
}

const OPERATIONS: Record<string, Operation | undefined> = {
  create: { needsFile: true, run: (context, services, files) => create(services, readSources(context, files)) },
  update: { needsFile: true, run: (context, services, files) => update(services, readSources(context, files)) },
  stop: {
    needsFile: false,
    run: (context, services, files, sources) =>
      stop(services, [...files.map((f) => sourceIdOf(context, f)), ...sources]),
  },
  show: {
    needsFile: false,
    run: (context, services, files, sources) =>
      show(services, [...files.map((f) => sourceIdOf(context, f)), ...sources]),
  },
};

function readSources(context: DmctlContext, files: string[]): SourceDefinition[] {
  const definitions = files.map((file) => {
    const definition = readSourceFile(readRequiredFile(context, file), file);
    for (const warning of definition.warnings) context.output.err(`[warn] ${file}: ${warning}\n`);
    return definition;
  });
  const ids = definitions.map((definition) => definition.config.sourceId);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) throw dmError(46007, [twice]);
  return definitions;
}

/** The id in a source file; the argument itself when it is not a file that can be read. */
function sourceIdOf(context: DmctlContext, argument: string): string {
  try {
    const content: unknown = parse(context.readFile(argument), { logLevel: 'silent' });
    const id: unknown = (content as { 'source-id'?: unknown } | null)?.['source-id'];
    return typeof id === 'string' || typeof id === 'number' ? String(id) : argument;
  } catch {
    return argument;
  }
}

function inputOf(config: SourceConfig): SourceInput {
  return { sourceId: config.sourceId, config: sealSecrets(config), configText: renderSource(config) };
}

/** Adds the sources; when one fails those added before it are removed again. */
async function create(services: Services, definitions: SourceDefinition[]): Promise<CommandReply> {
  const cluster = await services.checks.liveCluster();
  const known = definitions.find((definition) => cluster.sources[definition.config.sourceId] !== undefined);
  if (known !== undefined) throw dmError(46007, [known.config.sourceId]);
  const configs = await Promise.all(definitions.map(({ config }) => services.checks.completeSource(config)));
  const added: SourceReply[] = [];
  try {
    for (const config of configs) added.push(await services.commands.addSource(inputOf(config)));
  } catch (error) {
    await rollBack(services, added);
    throw error;
  }
  const sources = added.map((reply) => (reply.worker === '' ? { ...reply, msg: NO_FREE_WORKER } : reply));
  return { result: true, msg: '', sources: inShowOrder(sources) };
}

async function rollBack(services: Services, added: readonly SourceReply[]): Promise<void> {
  // As much as can be: the error that caused it is the one to be shown.
  await Promise.allSettled(added.map((reply) => services.commands.removeSource(reply.source)));
}

/** Gives sources that no task uses a new configuration. */
async function update(services: Services, definitions: SourceDefinition[]): Promise<CommandReply> {
  const cluster = await services.checks.liveCluster();
  const unknown = definitions.find((definition) => cluster.sources[definition.config.sourceId] === undefined);
  if (unknown !== undefined) throw dmError(46008, [unknown.config.sourceId]);
  const configs = await Promise.all(
    definitions.map(async ({ config }) => services.checks.completeSource(await withOldServerId(services, config))),
  );
  const sources: SourceReply[] = [];
  for (const config of configs)
    sources.push(await oneReply(config.sourceId, () => services.commands.updateSource(inputOf(config))));
  return { result: sources.every((reply) => reply.result), msg: '', sources: inShowOrder(sources) };
}

/** A replica id that was drawn for the source stays, so that its tasks keep theirs. */
async function withOldServerId(
  services: Services,
  config: SourceDefinition['config'],
): Promise<SourceDefinition['config']> {
  if (config.serverId !== undefined) return config;
  const old = await services.status.sourceInput(config.sourceId);
  return old === undefined || old.config.serverIdGiven === true ? config : { ...config, serverId: old.config.serverId };
}

async function stop(services: Services, ids: string[]): Promise<CommandReply> {
  await services.checks.liveCluster();
  const sources: SourceReply[] = [];
  for (const id of new Set(ids)) {
    const reply = await oneReply(id, () => services.commands.removeSource(id));
    sources.push(reply.result && reply.worker === '' ? { ...reply, msg: NEVER_BOUND } : reply);
  }
  const failed = sources.find((reply) => !reply.result);
  return { result: failed === undefined, msg: failed?.msg ?? '', sources: inShowOrder(sources) };
}

async function oneReply(source: string, work: () => Promise<SourceReply>): Promise<SourceReply> {
  try {
    return await work();
  } catch (error) {
    const cause = isNotFound(error) ? dmError(46008, [source]) : error;
    return { result: false, msg: errorText(cause), source, worker: '' };
  }
}

async function show(services: Services, ids: string[]): Promise<CommandReply> {
  const cluster = await services.status.cluster();
  // A cluster that nobody answers for and one that was never used look the same from outside; the sources tell.
  if (cluster === undefined && (await services.status.listSources()).length > 0) throw noWorker();
  const known = cluster?.sources ?? {};
  const unknown = ids.filter((id) => known[id] === undefined);
  if (unknown.length > 0)
    return { result: false, msg: `sources [${unknown.join(' ')}] haven't been added`, sources: [] };
  const sources = Object.entries(known)
    .filter(([id]) => ids.length === 0 || ids.includes(id))
    .map(([source, { worker }]) => ({ result: true, msg: worker === '' ? NO_FREE_WORKER : '', source, worker }));
  return { result: true, msg: '', sources: inShowOrder(sources) };
}

/** Sources without a worker first, then by id. */
function inShowOrder(replies: readonly SourceReply[]): SourceReply[] {
  const rank = (reply: SourceReply): string => `${reply.worker === '' ? 0 : 1}${reply.source}`;
  return [...replies].sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
}
