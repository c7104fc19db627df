import { expect, it } from 'vitest';
import { Turns } from '../../../activities/turns.js';

it('runs what has the same key one after the other, failures included, and other keys beside it', async () => {
  const turns = new Turns();
  const log: string[] = [];
  const gates: (() => void)[] = [];
  const work =
    (name: string, fail = false) =>
    async (): Promise<string> => {
      log.push(`${name} begins`);
      await new Promise<void>((resolve) => gates.push(resolve));
      log.push(`${name} ends`);
      if (fail) throw new Error(name);
      return name;
    };
  const first = turns.run('a', work('1', true));
  const second = turns.run('a', work('2'));
  const other = turns.run('b', work('3'));
  await new Promise((resolve) => setTimeout(resolve, 0));
  expect(log).toEqual(['1 begins', '3 begins']);
  gates.splice(0).forEach((open) => open());
  await expect(first).rejects.toThrow('1');
  expect(await other).toBe('3');
  await new Promise((resolve) => setTimeout(resolve, 0));
  expect(log).toEqual(['1 begins', '3 begins', '1 ends', '3 ends', '2 begins']);
  gates.splice(0).forEach((open) => open());
  expect(await second).toBe('2');
});
