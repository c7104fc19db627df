import type { ClusterState, SourceBinding, WorkerEntry } from './contract.js';

/** A source whose bound worker has changed. */
export interface BindingChange {
  sourceId: string;
  worker: string;
}

/**
 * Brings the bindings in line with which workers are online: sources of offline workers are let go, then every source
 * without a worker gets one while there is room. A source goes to the worker it was bound to last when that has room (its
 * dump files and relay logs stand there), otherwise to the one with the fewest sources, by name among equals. Sources that
 * have a live worker never move.
 *
 * Changes `state` in place and returns what changed, in order of source ids.
 */
export function rebind(state: ClusterState): BindingChange[] {
  const online = state.workers.filter((worker) => worker.online);
  const sourceIds = Object.keys(state.sources).sort();
  const before = new Map(sourceIds.map((id) => [id, bindingOf(state, id).worker]));

  for (const id of sourceIds) {
    const binding = bindingOf(state, id);
    if (binding.worker !== '' && !online.some((worker) => worker.name === binding.worker)) binding.worker = '';
  }
  // Former holders first, so that no source is given to a worker whose room another source's files are waiting for.
  for (const wantsFormer of [true, false]) {
    for (const id of sourceIds) {
      const binding = bindingOf(state, id);
      if (binding.worker !== '') continue;
      const chosen = chooseWorker(state, online, binding, wantsFormer);
      if (chosen === undefined) continue;
      binding.worker = chosen.name;
      binding.lastWorker = chosen.name;
    }
  }

  const changes: BindingChange[] = [];
  for (const id of sourceIds) {
    const { worker } = bindingOf(state, id);
    if (worker !== before.get(id)) changes.push({ sourceId: id, worker });
  }
  if (changes.length > 0) state.epoch += 1;
  return changes;
}

/** Number of sources bound to a worker. */
export function loadOf(state: ClusterState, worker: string): number {
  return Object.values(state.sources).filter((binding) => binding.worker === worker).length;
}

function chooseWorker(
  state: ClusterState,
  online: WorkerEntry[],
  binding: SourceBinding,
  wantsFormer: boolean,
): WorkerEntry | undefined {
  const withRoom = online.filter((worker) => loadOf(state, worker.name) < worker.maxSources);
  if (wantsFormer) return withRoom.find((worker) => worker.name === binding.lastWorker);
  return withRoom.sort((a, b) => loadOf(state, a.name) - loadOf(state, b.name) || (a.name < b.name ? -1 : 1))[0];
}

function bindingOf(state: ClusterState, sourceId: string): SourceBinding {
  const binding = state.sources[sourceId];
  if (binding === undefined) throw new Error(`source ${sourceId} is not registered`);
  return binding;
}
