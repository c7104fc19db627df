import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { formatMetadata, parseMetadata, readDumpMetadata } from '../../../src/dump/metadata.js';

const at = new Date('2026-01-02T03:04:05Z');
const start = { name: 'mysql-bin.000003', pos: 5_000_000_000, gtidSet: '0b2d3a5c-0000-0000-0000-000000000001:1-2' };

test('what is written reads back, with and without a place where safe mode ends', () => {
  expect(parseMetadata(formatMetadata({ start }, at, at), 'f')).toEqual({ start });
  const exitSafe = { name: 'mysql-bin.000004', pos: 4, gtidSet: '' };
  expect(parseMetadata(formatMetadata({ start, exitSafe }, at, at), 'f')).toEqual({ start, exitSafe });
});

test('the text is that of mydumper', () => {
  expect(formatMetadata({ start }, at, at)).toBe(
    'Started dump at: 2026-01-02 03:04:05\nSHOW MASTER STATUS:\n\tLog: mysql-bin.000003\n\tPos: 5000000000\n' +
      '\tGTID:0b2d3a5c-0000-0000-0000-000000000001:1-2\n\nFinished dump at: 2026-01-02 03:04:05\n',
  );
});

test('a GTID set over several lines is one set', () => {
  const text = `Started dump at: x
SHOW MASTER STATUS:
\tLog: mysql-bin.000003
\tPos: 4
\tGTID:0b2d3a5c-0000-0000-0000-000000000001:1-2,
0b2d3a5c-0000-0000-0000-000000000002:1-7,
0b2d3a5c-0000-0000-0000-000000000003:1

Finished dump at: x
`;
  expect(parseMetadata(text, 'f').start.gtidSet).toBe(
    '0b2d3a5c-0000-0000-0000-000000000001:1-2,0b2d3a5c-0000-0000-0000-000000000002:1-7,0b2d3a5c-0000-0000-0000-000000000003:1',
  );
});

test('the place of the upstream within its own upstream is no place of ours', () => {
  const text = `SHOW MASTER STATUS:
\tLog: binlog.000001
\tPos: 120
\tGTID:0-1-2

SHOW SLAVE STATUS:
\tHost: 10.0.0.1
\tLog: other.000009
\tPos: 999
\tGTID:

`;
  expect(parseMetadata(text, 'f')).toEqual({ start: { name: 'binlog.000001', pos: 120, gtidSet: '0-1-2' } });
});

test('the sections of later mydumper versions are read', () => {
  const text = `# Started dump at: 2024-01-01 00:00:00
[config]
quote-character = BACKTICK
[source]
# Channel_Name = '' # It can be use to setup replication FOR CHANNEL
File = "binlog.000007"
Position = "157"
Executed_Gtid_Set = "u:1-5"
[\`db\`.\`t\`]
rows = 3
`;
  expect(parseMetadata(text, 'f')).toEqual({ start: { name: 'binlog.000007', pos: 157, gtidSet: 'u:1-5' } });
});

test('a missing place is 11123, an unreadable one 11001', () => {
  expect(() => parseMetadata('Started dump at: x\n', 'f')).toThrow(expect.objectContaining({ code: 11123 }));
  const noPos = 'SHOW MASTER STATUS:\n\tLog: a.000001\n\tPos: x\n';
  expect(() => parseMetadata(noPos, 'f')).toThrow(expect.objectContaining({ code: 11001 }));
});

test('a missing file is 11001', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'dm-metadata-'));
  await expect(readDumpMetadata(dir)).rejects.toMatchObject({ code: 11001 });
  await rm(dir, { recursive: true });
});
