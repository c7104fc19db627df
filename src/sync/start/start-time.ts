import { findStartTime } from '../../binlog/start-time.js';
import type { StartMeta, SubtaskConfig } from '../../config/types.js';
import type { Logger } from '../../log/logger.js';
import { formatPosition } from '../../mysql/position.js';
import { moveCheckpoint } from '../checkpoint/move-checkpoint.js';

/** Who asks, and how it is told to end. */
export interface StartTimeContext {
  worker: string;
  logger: Logger;
  signal: AbortSignal;
}

/**
 * Makes the subtasks of a task begin with the first transaction that was committed at a time or later: finds the places in
 * all upstreams first, then moves the checkpoints that there are. None of the subtasks may run.
 *
 * @returns the place of each source
 * @throws DmError 20057 when the binlog of one ends before the time; 10001 to 10005, 11125, 36069 for trouble with a server
 */
export async function startAtTime(
  configs: readonly SubtaskConfig[],
  time: string,
  { worker, logger, signal }: StartTimeContext,
): Promise<Record<string, StartMeta>> {
  const found = await Promise.all(
    configs.map(async (config) => {
      const { from, flavor, serverId, enableGtid } = config;
      const options = { source: from, flavor, serverId, useGtid: enableGtid, logger, signal };
      return { config, location: await findStartTime(time, options) };
    }),
  );
  const starts: Record<string, StartMeta> = {};
  for (const { config, location } of found) {
    await moveCheckpoint(config, location, worker, signal);
    const { name, pos, gtidSet } = location;
    starts[config.sourceId] = { binlogName: name, binlogPos: pos, ...(gtidSet === '' ? {} : { binlogGtid: gtidSet }) };
    logger.info('found the start time', {
      task: config.task,
      source: config.sourceId,
      time,
      place: formatPosition(location),
    });
  }
  return starts;
}
