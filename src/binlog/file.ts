import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { dmError } from '../errors/dm-error.js';
import type { GtidSet } from '../mysql/gtid-set.js';
import { FIRST_EVENT_POSITION } from '../mysql/position.js';
import type { EventReader, StructureLookup } from '../sync/events.js';
import { HEADER_LENGTH } from './constants.js';
import { decodeAll } from './decode-all.js';
import { BinlogDecoder, type DecoderOptions } from './decoder.js';

/** First bytes of a binlog file, and of an encrypted one. */
const MAGIC = Buffer.from([0xfe, 0x62, 0x69, 0x6e]);
const ENCRYPTED_MAGIC = Buffer.from([0xfd, 0x62, 0x69, 0x6e]);

const READ_BYTES = 1 << 20;

/** Options of {@link decodeBinlogFile}. */
export interface FileOptions {
  lookup: StructureLookup;
  /** Name of the file in positions. Default: the last part of its path. */
  name?: string;
  /** Place of the first event handed on; must be between two transactions. Default 4, the first. */
  start?: number;
  /** Transactions executed before the start. Default: what the file's Previous_gtids event says, for a start at 4. */
  executed?: GtidSet;
  /** What an event that is cut off at the file's end means: an error (default), or the end of what was written so far. */
  allowPartialEnd?: boolean;
}

/**
 * Decodes a binlog file, or its bytes, as {@link BinlogDecoder} does. Memory holds one event at a time.
 * @throws DmError 11038 when it is no readable binlog file, 36069 when an event is damaged
 */
export function decodeBinlogFile(file: string | Buffer, options: FileOptions): EventReader {
  const name = options.name ?? (typeof file === 'string' ? basename(file) : 'binlog.000001');
  const start = options.start ?? FIRST_EVENT_POSITION;
  const settings: DecoderOptions = { start: { name, pos: FIRST_EVENT_POSITION } };
  if (options.executed !== undefined) settings.executed = options.executed;
  if (start > FIRST_EVENT_POSITION) settings.skipTo = { name, pos: start };
  const chunks = typeof file === 'string' ? fileChunks(file) : bufferChunks(file);
  const events = fileEvents(name, chunks, options.allowPartialEnd ?? false);
  const source = {
    next: async () => (await events.next()).value ?? undefined,
    close: async () => void (await events.return(undefined)),
  };
  return decodeAll(source, new BinlogDecoder(settings), options.lookup);
}

async function* fileChunks(path: string): AsyncGenerator<Buffer, void, undefined> {
  const handle = await open(path, 'r');
  try {
    for (;;) {
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(READ_BYTES), 0, READ_BYTES, null);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

// oxlint-disable-next-line typescript/require-await -- the same shape as the chunks of a file
async function* bufferChunks(bytes: Buffer): AsyncGenerator<Buffer, void, undefined> {
  yield bytes;
}

/** Cuts a file into its events. */
async function* fileEvents(
  name: string,
  chunks: AsyncGenerator<Buffer, void, undefined>,
  allowPartialEnd: boolean,
): AsyncGenerator<Buffer, void, undefined> {
  let parts: Buffer[] = [];
  let length = 0;
  let wanted = MAGIC.length;
  let checked = false;
  for await (const chunk of chunks) {
    parts.push(chunk);
    length += chunk.length;
    if (length < wanted) continue;
    const bytes = parts.length === 1 ? chunk : Buffer.concat(parts, length);
    let pos = 0;
    if (!checked) {
      checkMagic(name, bytes);
      checked = true;
      pos = MAGIC.length;
    }
    for (;;) {
      wanted = eventLength(name, bytes, pos);
      if (bytes.length - pos < wanted) break;
      yield bytes.subarray(pos, pos + wanted);
      pos += wanted;
    }
    length = bytes.length - pos;
    parts = length === 0 ? [] : [bytes.subarray(pos)];
  }
  if ((length > 0 || !checked) && !allowPartialEnd) throw fileError(name, 'the file ends inside an event');
}

function checkMagic(name: string, bytes: Buffer): void {
  const magic = bytes.subarray(0, MAGIC.length);
  if (magic.equals(ENCRYPTED_MAGIC)) throw fileError(name, 'the file is encrypted');
  if (!magic.equals(MAGIC)) throw fileError(name, 'not a binlog file');
}

function eventLength(name: string, bytes: Buffer, pos: number): number {
  if (bytes.length - pos < HEADER_LENGTH) return HEADER_LENGTH;
  const length = bytes.readUInt32LE(pos + 9);
  if (length < HEADER_LENGTH) throw fileError(name, `event of ${length} bytes`);
  return length;
}

function fileError(name: string, text: string): Error {
  return dmError(11038, [name], { cause: new Error(text) });
}
