import { describe, expect, it } from 'vitest';
import { Lease } from '../../../activities/heartbeat.js';

function leaseAt(): { lease: Lease; clock: { monotonicMs: number; wallMs: number }; pass: (ms: number) => void } {
  const clock = { monotonicMs: 0, wallMs: 1_000_000 };
  const lease = new Lease(8_000, { monotonic: () => clock.monotonicMs, wall: () => clock.wallMs });
  const pass = (ms: number): void => {
    clock.monotonicMs += ms;
    clock.wallMs += ms;
  };
  return { lease, clock, pass };
}

describe('a lease', () => {
  it('is not held before the first acknowledgement', () => {
    expect(leaseAt().lease.held()).toBe(false);
  });

  it('holds for half of the heartbeat timeout, counted from the sending and not from the answer', () => {
    const { lease, pass } = leaseAt();
    const sent = lease.now();
    pass(3_000);
    lease.confirm(sent);
    pass(999);
    expect(lease.held()).toBe(true);
    pass(1);
    expect(lease.held()).toBe(false);
  });

  it('is lost when the machine slept, which the monotonic clock does not count', () => {
    const { lease, clock } = leaseAt();
    lease.confirm(lease.now());
    clock.wallMs += 60_000;
    expect(lease.held()).toBe(false);
  });

  it('is not prolonged by a time of day that is set back', () => {
    const { lease, clock } = leaseAt();
    lease.confirm(lease.now());
    clock.wallMs -= 3_600_000;
    clock.monotonicMs += 4_000;
    expect(lease.held()).toBe(false);
  });
});
