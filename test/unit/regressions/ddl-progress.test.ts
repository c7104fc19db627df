import { expect, test } from 'vitest';
import { DdlProgress } from '../../../src/sync/ddl/ddl-progress.js';

const sent = { id: 'b', fingerprint: 'f', marker: 'm' };

test('what is done is known to the next run, each as often as it was done', () => {
  const first = new DdlProgress(7, undefined);
  expect(first.intent).toBeUndefined();
  for (const id of ['a', 'a', 'x']) first.finish(id);
  first.setSent(sent);
  const next = new DdlProgress(7, first.intent);
  expect(['a', 'x', 'a', 'a', 'b'].map((id) => next.takeDone(id))).toEqual([true, true, true, false, false]);
  expect(next.sent('a')).toBeUndefined();
  expect(next.sent('b')).toEqual(sent);
});

test('a refusal keeps what was done before it', () => {
  const progress = new DdlProgress(7, undefined);
  progress.finish('a');
  progress.setSent(sent);
  progress.setSent(undefined);
  expect(progress.intent).toEqual({ seq: 7, done: ['a'], separated: [] });
});

test('the changes of a statement are not taken for a later statement with the same text', () => {
  const first = new DdlProgress(7, undefined);
  first.separate('add both');
  first.finish('add a');
  const between = new DdlProgress(7, first.intent);
  expect(between.isSeparated('add both')).toBe(true);
  expect(between.takeDone('add a')).toBe(true);
  between.finish('add b');
  between.finishSeparated('add both', ['add a', 'add b']);
  between.finish('drop a');
  const last = new DdlProgress(7, between.intent);
  expect(['add both', 'drop a', 'add a'].map((id) => last.takeDone(id))).toEqual([true, true, false]);
});
