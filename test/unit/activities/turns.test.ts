import { expect, it } from 'vitest';
import { StillBusyError, Turns } from '../../../activities/turns.js';

const never = new AbortController().signal;

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
  const first = turns.run('a', never, work('1', true));
  const second = turns.run('a', never, work('2'));
  const other = turns.run('b', never, work('3'));
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

it('does not wait for ever, and not at all for who is asked to end; nobody passes those before him', async () => {
  const turns = new Turns(50);
  const log: string[] = [];
  let open: () => void = () => undefined;
  const first = turns.run('a', never, () => new Promise<void>((resolve) => (open = resolve)));
  await expect(turns.run('a', never, async () => log.push('impatient'))).rejects.toBeInstanceOf(StillBusyError);
  const abort = new AbortController();
  const asked = turns.run('a', abort.signal, async () => log.push('asked to end'));
  abort.abort();
  await asked;
  const last = turns.run('a', never, async () => log.push('last'));
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(log).toEqual(['asked to end']);
  open();
  await Promise.all([first, last]);
  expect(log).toEqual(['asked to end', 'last']);
});
