import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';

const { History } = proto.temporal.api.history.v1;
const READABLE = { longs: String, enums: String, bytes: String };
const DIRECTORY = fileURLToPath(new URL('../../histories', import.meta.url));

/**
 * Stores the history of every workflow run of a test under test/histories, where the replay test finds it. Done by
 * `DM_RECORD_HISTORIES=1` when the workflows have learned something new; histories that are there stay as they are, because
 * workflows started by any released version must go on with the present code.
 */
export async function recordHistories(client: Client, test: string): Promise<void> {
  mkdirSync(DIRECTORY, { recursive: true });
  const prefix = test
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 60);
  let number = 0;
  for await (const info of client.workflow.list()) {
    const history = await client.workflow.getHandle(info.workflowId, info.runId).fetchHistory();
    number += 1;
    const json = JSON.stringify(History.toObject(History.fromObject(history), READABLE), undefined, 1);
    writeFileSync(`${DIRECTORY}/${prefix}.${info.type}.${number}.json`, `${json}\n`);
  }
}
