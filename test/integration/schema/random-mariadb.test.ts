import { test } from 'vitest';
import { testServers } from '../../support/servers.js';
import { compareRandomStatements } from './generated.js';

test('random statements: the tracker equals mariadb', { timeout: 600_000 }, async () => {
  await compareRandomStatements('mariadb', testServers().mariadbUp);
});
