import { test } from 'vitest';
import { testServers } from '../../support/servers.js';
import { compareRandomStatements } from './generated.js';

test('random statements: the tracker equals mysql', { timeout: 600_000 }, async () => {
  await compareRandomStatements('mysql', testServers().mysqlUp);
});
