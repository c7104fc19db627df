import { Context } from '@temporalio/activity';
import { openSecrets } from '../src/config/secret.js';
import type { SubtaskConfig } from '../src/config/types.js';
import type { Logger } from '../src/log/logger.js';
import { LOST_CONTACT, type UnitContext } from '../src/unit.js';
import type { DmActivities, UnitInput, UnitOutcome } from '../workflows/activity-types.js';
import type {
  CheckActivities,
  DumpProgress,
  LoadProgress,
  PresenceInput,
  Progress,
  SyncProgress,
} from '../workflows/contract.js';
import { FAILURE } from '../workflows/contract.js';
import { createCheckActivities } from './checks.js';
import { failureWithProgress, handedOver, toFailure } from './failures.js';
import { type Heart, withHeartbeat } from './heartbeat.js';
import { Turns } from './turns.js';
import type { DumpOutcome, Units } from './units.js';

/** The process that the activities run in. */
export interface ActivityHost {
  units: Units;
  /** The dm-worker's name. */
  worker: string;
  /** Told apart from other processes of the same name. */
  incarnation: string;
  /** Absolute path; dump files stand below it. */
  dataDir: string;
  logger: Logger;
  /** Aborted when the worker has said farewell: its presence is over. */
  farewell: AbortSignal;
  /** Hears when the cluster begins and ends to regard this process as online. */
  onPresence(online: boolean): void;
  /** Off only in tests of the fence. */
  watchdog?: boolean;
}

/** Makes the activities of one dm-worker. */
export function createActivities(host: ActivityHost): DmActivities & CheckActivities {
  const { units, dataDir } = host;
  const turns = new Turns();
  return {
    ...createCheckActivities(host.worker, host.logger),
    presence: (input) => presence(host, input),
    chooseUnit: (input) =>
      guarded(async () => {
        const config = openSecrets<SubtaskConfig>(input.config);
        return withHeartbeat(() => units.chooseUnit(config, dataDir, input.dumpMeta));
      }),
    dump: (input) =>
      runUnit<DumpProgress>(host, turns, input, (config, context) => units.dump(config, context, dataDir)),
    load: (input) =>
      runUnit<LoadProgress>(host, turns, input, (config, context) => units.load(config, context, dataDir)),
    sync: (input) =>
      runUnit<SyncProgress>(host, turns, input, (config, context) =>
        units.sync(config, context, dataDir, input.dumpMeta),
      ),
    removeMeta: (config) => guarded(() => units.removeMeta(openSecrets<SubtaskConfig>(config))),
  };
}

async function runUnit<P extends Progress>(
  host: ActivityHost,
  turns: Turns,
  input: UnitInput,
  work: (config: SubtaskConfig, context: UnitContext<P>) => Promise<DumpOutcome>,
): Promise<UnitOutcome> {
  return guarded(async () => {
    const config = openSecrets<SubtaskConfig>(input.config);
    return withHeartbeat(
      async (heart) => {
        const last: { progress?: Progress } = {};
        const context = unitContext<P>(host, config, heart, last);
        const result = await told(context, last, () =>
          turns.run(`${config.task}/${config.sourceId}`, heart.signal, () =>
            heart.signal.aborted ? Promise.resolve<DumpOutcome>({ finished: false }) : work(config, context),
          ),
        );
        if (!result.finished) refuseIfNotOurs(heart);
        const outcome: UnitOutcome = { finished: result.finished };
        if (last.progress !== undefined) outcome.progress = last.progress;
        if (result.meta !== undefined) outcome.dumpMeta = result.meta;
        return outcome;
      },
      { watchdog: host.watchdog ?? true },
    );
  });
}

function unitContext<P extends Progress>(
  host: ActivityHost,
  config: SubtaskConfig,
  heart: Heart,
  last: { progress?: Progress },
): UnitContext<P> {
  const { activityType, attempt } = Context.current().info;
  return {
    signal: heart.signal,
    mayWrite: () => heart.mayWrite(),
    report: (progress) => {
      last.progress = progress;
      heart.report(progress);
    },
    logger: host.logger.with({ task: config.task, source: config.sourceId, unit: activityType, attempt }),
    worker: host.worker,
  };
}

/** Logs how a unit begins and ends. @throws its failure, with how far it had come */
async function told(
  { logger, signal }: Pick<UnitContext<never>, 'logger' | 'signal'>,
  last: { progress?: Progress },
  work: () => Promise<DumpOutcome>,
): Promise<DumpOutcome> {
  logger.info('unit starts');
  try {
    const outcome = await work();
    logger.info('unit ends', {
      finished: outcome.finished,
      ...(signal.aborted ? { asked: String(signal.reason) } : {}),
    });
    return outcome;
  } catch (error) {
    const failure = failureWithProgress(error, last.progress);
    if (failure.type === FAILURE.dmError) logger.error('unit fails', { error: failure.message });
    else logger.warn('unit goes to another attempt', { reason: failure.message });
    throw failure;
  }
}

/** After a drain for these reasons the attempt has no result: Temporal, or whoever has the unit now, goes on. */
function refuseIfNotOurs(heart: Heart): void {
  if (heart.signal.reason === LOST_CONTACT)
    throw handedOver('no contact with Temporal: stopped before another worker starts');
  if (heart.signal.reason === 'paused') throw handedOver('the activity was paused by an operator');
}

async function presence(host: ActivityHost, input: PresenceInput): Promise<void> {
  if (input.incarnation !== host.incarnation) return;
  await withHeartbeat(
    async (heart) => {
      host.onPresence(true);
      try {
        await aborted(AbortSignal.any([heart.signal, host.farewell]));
      } finally {
        host.onPresence(false);
      }
    },
    { everyMs: 1_000 },
  );
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolvePromise) => {
    signal.addEventListener('abort', () => resolvePromise(), { once: true });
  });
}

async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toFailure(error);
  }
}
