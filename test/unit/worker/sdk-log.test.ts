import { describe, expect, test } from 'vitest';
import { SdkLog } from '../../../cli/worker/sdk-log.js';
import { createLogger } from '../../../src/log/logger.js';

function lineOf(level: string, message: string, meta?: Record<string, unknown>): string {
  const lines: string[] = [];
  const logger = createLogger({ write: (line) => lines.push(line.replace(/^\[[^\]]*\] /, '')) });
  new SdkLog(logger).write(level, message, meta);
  return lines.join('');
}

describe('lines of the SDK and of workflows', () => {
  test('tell task and source, and leave out what only the SDK understands', () => {
    const meta = {
      sdkComponent: 'workflow',
      taskQueue: 'dm',
      namespace: 'default',
      workflowId: 'dm-task/shop/mysql-replica-01',
      runId: '01a1ff5a',
      workflowType: 'subtaskWorkflow',
      unit: 'Sync',
      code: 36069,
    };
    expect(lineOf('ERROR', 'the task is paused by an error', meta)).toBe(
      '[ERROR] ["the task is paused by an error"] [task=shop] [source=mysql-replica-01] [unit=Sync] [code=36069]\n',
    );
    expect(lineOf('WARN', 'w', { workflowId: 'dm-task/shop' })).toBe('[WARN] [w] [task=shop]\n');
    expect(lineOf('WARN', 'w', { workflowId: 'dm-source/s' })).toBe('[WARN] [w] [workflow=dm-source/s]\n');
  });

  test('say nothing of a unit, which tells of its own end', () => {
    expect(lineOf('WARN', 'Activity failed', { activityType: 'sync', error: new Error('x') })).toBe('');
    expect(lineOf('WARN', 'Activity failed', { activityType: 'presence', error: new Error('x'), n: 1n })).toBe(
      '[WARN] ["Activity failed"] [activity=presence] [error=x] [n=1]\n',
    );
  });

  test('are cut, and of ordinary news only the debug level speaks', () => {
    expect(lineOf('ERROR', 'e', { error: new Error('y'.repeat(100_000)) }).length).toBeLessThan(2_100);
    expect(lineOf('INFO', 'Worker state changed', { state: 'RUNNING' })).toBe('');
  });

  test('do not flood the log while Temporal is away', () => {
    const lines: string[] = [];
    const sdk = new SdkLog(createLogger({ write: (line) => lines.push(line) }));
    const error =
      'Status { code: Unavailable, message: "tcp connect error", source: Os { message: "Connection refused" } }';
    for (let i = 0; i < 200; i++) sdk.write('WARN', `gRPC call poll_activity_task_queue retried ${i} times`, { error });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/\[WARN\] \["Temporal does not answer"\] \[error="Connection refused"\] \[times=1\]/);
  });
});
