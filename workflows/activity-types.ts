/**
 * What the workflows ask of activities. Workflows see these types alone, never the code behind them; `activities/` says
 * how each is done.
 */
import type { SealedConfig } from '../src/config/secret.js';
import type { StartMeta, SubtaskConfig } from '../src/config/types.js';
import type { PresenceInput, Progress } from './contract.js';

/** Units that a subtask runs, in their order. */
export type SubtaskUnit = 'Dump' | 'Load' | 'Sync';

export interface UnitInput {
  config: SealedConfig<SubtaskConfig>;
  /** Where the dump of this task stands, once it is complete. */
  dumpMeta?: StartMeta;
}

/** How a unit ended without an error. */
export interface UnitOutcome {
  /** True when the work is complete, false when it was asked to end before. */
  finished: boolean;
  /** How far it was at its end; heartbeats that were not sent yet are lost with a normal end. */
  progress?: Progress;
  /** Result of a complete dump. */
  dumpMeta?: StartMeta;
}

export interface DmActivities {
  /** Runs, and heartbeats, as long as the process that registered lives. On the worker's own queue. */
  presence(input: PresenceInput): Promise<void>;
  /** Which unit the subtask has to (re)start with, from the downstream's checkpoints and the bound worker's disk. */
  chooseUnit(input: UnitInput): Promise<SubtaskUnit>;
  dump(input: UnitInput): Promise<UnitOutcome>;
  load(input: UnitInput): Promise<UnitOutcome>;
  sync(input: UnitInput): Promise<UnitOutcome>;
  /** Drops the meta tables of a task. On the shared queue. */
  removeMeta(config: SealedConfig<SubtaskConfig>): Promise<void>;
}
