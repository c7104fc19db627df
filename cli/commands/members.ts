import type { ClusterState } from '../../workflows/contract.js';
import { errorText, printAnswer, UsageError, type DmctlContext, type Services } from './context.js';
import { effectiveOptions, type GlobalOptions } from './global-options.js';
import { noWorker } from './no-worker.js';

/** Which groups and names list-member shows. */
export interface MemberFlags {
  leader?: boolean;
  master?: boolean;
  worker?: boolean;
  name?: string[];
}

/** `list-member [--leader] [--master] [--worker] [--name ...]`. */
export async function listMember(context: DmctlContext, global: GlobalOptions, flags: MemberFlags): Promise<void> {
  const services = await context.services(effectiveOptions(global));
  const cluster = await services.status.cluster();
  const everything = flags.leader !== true && flags.master !== true && flags.worker !== true;
  const wanted = (name: string): boolean => (flags.name ?? []).length === 0 || flags.name!.includes(name);
  const members: object[] = [];
  if (everything || flags.leader === true) members.push({ leader: leader(services, wanted) });
  if (everything || flags.master === true) members.push({ master: masters(services, wanted) });
  if (everything || flags.worker === true) members.push({ worker: workers(cluster, wanted) });
  printAnswer(context, { result: true, msg: '', members } as { result: boolean });
}

/** Temporal takes the place of DM's masters and their leader. */
const TEMPORAL = 'temporal';

function leader(services: Services, wanted: (name: string) => boolean): object {
  const shown = wanted(TEMPORAL);
  return { msg: '', name: shown ? TEMPORAL : '', addr: shown ? services.address : '' };
}

function masters(services: Services, wanted: (name: string) => boolean): object {
  const member = { name: TEMPORAL, memberID: '0', alive: true, peerURLs: [], clientURLs: [services.address] };
  return { msg: '', masters: wanted(TEMPORAL) ? [member] : [] };
}

function workers(cluster: ClusterState | undefined, wanted: (name: string) => boolean): object {
  const bound = Object.entries(cluster?.sources ?? {});
  return {
    msg: cluster === undefined ? 'no dm-worker answers' : '',
    workers: (cluster?.workers ?? [])
      .filter((worker) => wanted(worker.name))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map(({ name, addr, online }) => {
        const sources = bound.filter(([, binding]) => binding.worker === name).map(([source]) => source);
        const stage = sources.length > 0 ? 'bound' : 'free';
        return { name, addr, stage: online ? stage : 'offline', source: online ? sources.sort().join(',') : '' };
      }),
  };
}

const CONFIG_TYPES = ['task', 'source', 'worker', 'master'];

/** `get-config <task | master | worker | source> <name> [--file filename]`. */
export async function getConfig(
  context: DmctlContext,
  global: GlobalOptions,
  type: string,
  name: string,
  flags: { file?: string },
): Promise<void> {
  if (!CONFIG_TYPES.includes(type)) throw new UsageError(`the type must be one of ${CONFIG_TYPES.join(', ')}`);
  const services = await context.services(effectiveOptions(global));
  let cfg: string | undefined;
  try {
    cfg = await configText(services, type, name);
  } catch (error) {
    printAnswer(context, { result: false, msg: errorText(error), cfg: '' } as { result: boolean });
    return;
  }
  if (cfg === undefined) {
    printAnswer(context, { result: false, msg: `${type} not found`, cfg: '' } as { result: boolean });
  } else if (flags.file !== undefined) {
    printAnswer(context, writeConfig(context, flags.file, cfg));
  } else {
    printAnswer(context, { result: true, msg: '', cfg } as { result: boolean });
  }
}

function writeConfig(context: DmctlContext, file: string, cfg: string): { result: boolean; msg: string; cfg: string } {
  try {
    context.writeFile(file, cfg);
    return { result: true, msg: `write config to file ${file} succeed`, cfg: '' };
  } catch (error) {
    return { result: false, msg: `write config to file ${file} failed: ${(error as Error).message}`, cfg: '' };
  }
}

async function configText(services: Services, type: string, name: string): Promise<string | undefined> {
  if (type === 'master') {
    if (name !== TEMPORAL) return undefined;
    return `name = "${TEMPORAL}"\nmaster-addr = ${JSON.stringify(services.address)}\nnamespace = ${JSON.stringify(services.namespace)}\n`;
  }
  const cluster = await services.status.cluster();
  if (cluster === undefined) throw noWorker();
  if (type === 'task') return (await services.status.task(name))?.configText;
  if (type === 'source') return (await services.status.source(name))?.configText;
  const worker = cluster.workers.find((entry) => entry.name === name);
  if (worker === undefined) return undefined;
  return `name = ${JSON.stringify(worker.name)}\nadvertise-addr = ${JSON.stringify(worker.addr)}\nmax-sources = ${worker.maxSources}\n`;
}
