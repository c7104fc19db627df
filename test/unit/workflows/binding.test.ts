import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadOf, rebind } from '../../../workflows/binding.js';
import type { ClusterState } from '../../../workflows/contract.js';

function cluster(workers: [name: string, online: boolean, maxSources: number][], sources: string[]): ClusterState {
  return {
    workers: workers.map(([name, online, maxSources]) => ({ name, online, maxSources, addr: '', incarnation: name })),
    sources: Object.fromEntries(sources.map((id) => [id, { worker: '', lastWorker: '' }])),
    epoch: 0,
  };
}

function setOnline(state: ClusterState, name: string, online: boolean): void {
  const worker = state.workers.find((entry) => entry.name === name);
  if (worker !== undefined) worker.online = online;
}

describe('rebind', () => {
  it('gives each source to the worker with the fewest', () => {
    const state = cluster([['a', true, 9], ['b', true, 9], ['c', false, 9]], ['s1', 's2', 's3']); // prettier-ignore
    expect(rebind(state)).toEqual([
      { sourceId: 's1', worker: 'a' },
      { sourceId: 's2', worker: 'b' },
      { sourceId: 's3', worker: 'a' },
    ]);
  });

  it('brings a source back to its former worker when that is the choice', () => {
    const state = cluster([['a', true, 9], ['b', true, 9]], ['s1']); // prettier-ignore
    rebind(state);
    setOnline(state, 'a', false);
    setOnline(state, 'b', false);
    expect(rebind(state)).toEqual([{ sourceId: 's1', worker: '' }]);
    setOnline(state, 'a', true);
    setOnline(state, 'b', true);
    state.sources['s0'] = { worker: '', lastWorker: '' };
    rebind(state);
    expect(state.sources).toMatchObject({ s0: { worker: 'b' }, s1: { worker: 'a' } });
  });

  it('leaves a source where it is while its worker lives, though another is idle', () => {
    const state = cluster([['a', true, 9]], ['s1', 's2']);
    rebind(state);
    state.workers.push({ name: 'b', addr: '', online: true, maxSources: 9, incarnation: 'b' });
    expect(rebind(state)).toEqual([]);
  });

  it('keeps its promises whatever comes and goes', () => {
    const step = fc.oneof(
      fc.record({ worker: fc.constantFrom('a', 'b', 'c'), online: fc.boolean() }),
      fc.record({ source: fc.constantFrom('s1', 's2', 's3', 's4', 's5'), there: fc.boolean() }),
    );
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 40 }),
        fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 3, maxLength: 3 }),
        (steps, room) => {
          const state = cluster([['a', false, room[0] ?? 1], ['b', false, room[1] ?? 1], ['c', false, room[2] ?? 1]], []); // prettier-ignore
          for (const change of steps) {
            const before = structuredClone(state.sources);
            if ('worker' in change) setOnline(state, change.worker, change.online);
            else if (!change.there) delete state.sources[change.source];
            else state.sources[change.source] ??= { worker: '', lastWorker: '' };
            const epoch = state.epoch;
            const changes = rebind(state);
            expect(state.epoch).toBe(epoch + (changes.length > 0 ? 1 : 0));
            check(state, before);
          }
        },
      ),
    );
  });
});

function check(state: ClusterState, before: ClusterState['sources']): void {
  const online = new Set(state.workers.filter((worker) => worker.online).map((worker) => worker.name));
  const bindings = Object.entries(state.sources);
  for (const worker of state.workers) expect(loadOf(state, worker.name)).toBeLessThanOrEqual(worker.maxSources);
  const room = state.workers.some((worker) => worker.online && loadOf(state, worker.name) < worker.maxSources);
  for (const [id, binding] of bindings) {
    if (binding.worker === '') expect(room).toBe(false);
    else expect(online.has(binding.worker)).toBe(true);
    const former = before[id]?.worker ?? '';
    if (former !== '' && online.has(former)) expect(binding.worker).toBe(former);
  }
}
