/** What is known of a connection's last bytes. Times in milliseconds of one monotonic clock. */
export interface Traffic {
  /** When the last byte came. */
  lastByteAt: number;
  /** When we last began to read again after we had stopped reading ourselves. */
  resumedAt: number;
  /** Whether we have stopped reading now, because the consumer is slower than the server. */
  paused: boolean;
}

/**
 * Whether the peer has been silent for longer than `limitMs`, which it never is while it lives, since it sends heartbeats.
 * Time in which we did not read does not count: what the peer sent then waits in the socket.
 */
export function isSilent(traffic: Traffic, now: number, limitMs: number): boolean {
  if (traffic.paused) return false;
  return now - Math.max(traffic.lastByteAt, traffic.resumedAt) >= limitMs;
}
