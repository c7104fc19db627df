import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Commands } from '../../../cli/commands-client.js';
import { Registration } from '../../../cli/worker/registration.js';
import { silentLogger } from '../../../src/log/logger.js';

const ORDER = { name: 'w1', addr: 'here', maxSources: 1, incarnation: 'a' };
const HOUR_MS = 3_600_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

async function registered(): Promise<{ registration: Registration; registerWorker: ReturnType<typeof vi.fn> }> {
  const registerWorker = vi.fn(() => Promise.resolve());
  const commands = { registerWorker, unregisterWorker: () => Promise.resolve() } as unknown as Commands;
  const registration = new Registration(commands, { ...ORDER }, silentLogger);
  await registration.begin();
  registration.onPresence(true);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(registerWorker).toHaveBeenCalledTimes(1);
  return { registration, registerWorker };
}

it.each([
  ['stands', 0],
  ['is set back', -HOUR_MS],
  ['is set forward', HOUR_MS],
])('registers again soon after its presence was lost, whether the time of day %s', async (_how, jump) => {
  const { registration, registerWorker } = await registered();
  registration.onPresence(false);
  vi.setSystemTime(Date.now() + jump);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(registerWorker).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(4_000);
  expect(registerWorker).toHaveBeenCalledTimes(2);
  await registration.end(1_000);
});

it('gives up a name that stays taken, by a time that is not the time of day', async () => {
  const taken = Object.assign(new Error('x'), { type: 'NameTaken' });
  const registerWorker = vi.fn(() => Promise.reject(taken));
  const registration = new Registration({ registerWorker } as unknown as Commands, { ...ORDER }, silentLogger);
  const begun = expect(registration.begin()).rejects.toThrow('cannot register');
  vi.setSystemTime(Date.now() - HOUR_MS);
  await vi.advanceTimersByTimeAsync(30_000);
  await begun;
});
