/** How much work a test is worth, and how much it took. */

/**
 * Number of tries of a test that goes by random numbers: as many as find what such tests have found so far, times
 * DM_THOROUGH when somebody has the time.
 */
export function tries(count: number): number {
  return Math.ceil(count * Number(process.env['DM_THOROUGH'] ?? 1));
}

/** Milliseconds of a processor that this process spends on the work: the same however busy the machine is. */
export async function processorTime(work: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
