import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DmError, dmError } from '../errors/dm-error.js';
import type { BinlogLocation } from '../sync/events.js';
import { METADATA_FILE } from './file-names.js';

/** Where the upstream's binlog stood when a dump was taken. */
export interface DumpMetadata {
  /** Replication starts here. */
  start: BinlogLocation;
  /**
   * Only of a dump without locks: its rows may show changes up to here, so replication runs in safe mode until it has
   * passed this place.
   */
  exitSafe?: BinlogLocation;
}

/** Text of a `metadata` file in the form of mydumper and dumpling. */
export function formatMetadata(metadata: DumpMetadata, started: Date, finished: Date): string {
  let text = `Started dump at: ${formatTime(started)}\nSHOW MASTER STATUS:\n${formatLocation(metadata.start)}\n`;
  if (metadata.exitSafe !== undefined) {
    text += `SHOW MASTER STATUS: /* AFTER CONNECTION POOL ESTABLISHED */\n${formatLocation(metadata.exitSafe)}\n`;
  }
  return `${text}Finished dump at: ${formatTime(finished)}\n`;
}

function formatLocation(location: BinlogLocation): string {
  return `\tLog: ${location.name}\n\tPos: ${location.pos}\n\tGTID:${location.gtidSet}\n`;
}

function formatTime(time: Date): string {
  return time.toISOString().slice(0, 19).replace('T', ' ');
}

/**
 * Reads the text of a `metadata` file that this product, dumpling or mydumper wrote. Blocks about the upstream's own
 * upstream (`SHOW SLAVE STATUS`) are passed over. One position is the start; a second one is where safe mode ends.
 *
 * @param file path, for messages
 * @throws DmError 11001 when a position cannot be read, 11123 when there is none
 */
export function parseMetadata(text: string, file: string): DumpMetadata {
  const locations = /^\s*\[(source|master|config)/im.test(text) ? readSections(text) : readBlocks(text);
  for (const { name, pos } of locations) {
    if (name === '' || !Number.isSafeInteger(pos) || pos < 0) throw dmError(11001, ['no valid position', text]);
  }
  const [start, exitSafe] = locations;
  if (start === undefined) throw dmError(11123, [file]);
  return exitSafe === undefined ? { start } : { start, exitSafe };
}

/** The classic form: a heading a block, tab-indented fields, a GTID set over several lines. */
function readBlocks(text: string): BinlogLocation[] {
  const locations: BinlogLocation[] = [];
  let current: BinlogLocation | undefined;
  let inGtid = false;
  for (const line of text.split(/\r?\n/)) {
    if (/^SHOW (MASTER|BINARY LOG) STATUS:/.test(line)) {
      current = { name: '', pos: Number.NaN, gtidSet: '' };
      locations.push(current);
      inGtid = false;
      continue;
    }
    const field = /^\s*(Log|Pos|GTID|Host):\s*(.*?)\s*$/.exec(line);
    if (field === null && inGtid && current !== undefined && /^\s*[0-9a-f-]+[:-]/i.test(line)) {
      current.gtidSet += line.trim();
    } else {
      if (field === null && line.trim() !== '') current = undefined;
      inGtid = field?.[1] === 'GTID';
      if (current !== undefined && field !== null) setField(current, field[1] ?? '', field[2] ?? '');
    }
  }
  return locations;
}

function setField(location: BinlogLocation, key: string, value: string): void {
  if (key === 'Log') location.name = value;
  else if (key === 'Pos') location.pos = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  else if (key === 'GTID') location.gtidSet = value === '(null)' ? '' : value;
}

/** The form of mydumper since 0.12: sections with `key = value` lines, the position maybe behind `#`. */
function readSections(text: string): BinlogLocation[] {
  let section = '';
  const location: BinlogLocation = { name: '', pos: Number.NaN, gtidSet: '' };
  for (const line of text.split(/\r?\n/)) {
    const heading = /^\s*\[(.*)\]\s*$/.exec(line);
    if (heading !== null) section = (heading[1] ?? '').toLowerCase();
    if (section !== 'source' && section !== 'master') continue;
    const field = /^[#\s]*(\w+)\s*=\s*"?(.*?)"?\s*$/.exec(line);
    const [key, value] = [(field?.[1] ?? '').toLowerCase(), field?.[2] ?? ''];
    if (key === 'file' || key === 'source_log_file') location.name = value;
    else if (key === 'position' || key === 'source_log_pos') setField(location, 'Pos', value);
    else if (key === 'executed_gtid_set') location.gtidSet = value;
  }
  return location.name === '' ? [] : [location];
}

/**
 * Reads the `metadata` file of a dump directory.
 * @throws DmError 11001 when the file is missing or cannot be read, 11123 when it holds no position
 */
export async function readDumpMetadata(dir: string): Promise<DumpMetadata> {
  const file = join(dir, METADATA_FILE);
  let text = '';
  try {
    text = await readFile(file, 'utf8');
    return parseMetadata(text, file);
  } catch (error) {
    if (error instanceof DmError) throw error;
    throw dmError(11001, [file, text], { cause: error });
  }
}
