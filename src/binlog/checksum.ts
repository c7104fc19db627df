import * as zlib from 'node:zlib';
import { CHECKSUM_LENGTH } from './constants.js';

/** `zlib.crc32` exists from Node 20.15 on. */
const nativeCrc32 = (zlib as { crc32?: (data: Uint8Array) => number }).crc32;

const TABLE = nativeCrc32 === undefined ? crcTable() : undefined;

/** CRC-32 (IEEE 802.3) of bytes, as unsigned number. */
export const crc32: (bytes: Uint8Array) => number = nativeCrc32 ?? tableCrc32;

/** CRC-32 of any bytes with their own CRC-32 behind them, lowest byte first. */
const RESIDUE = 0x2144df1c;

/** Whether the last four bytes of an event are the CRC-32 of what is before them. */
export function hasValidChecksum(event: Buffer): boolean {
  return event.length > CHECKSUM_LENGTH && crc32(event) === RESIDUE;
}

/** CRC-32 by table, for Node versions without a native one. */
export function tableCrc32(bytes: Uint8Array, table: Uint32Array = TABLE ?? crcTable()): number {
  let crc = 0xffffffff;
  for (let index = 0; index < bytes.length; index++) crc = table[(crc ^ bytes[index]) & 0xff] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

function crcTable(): Uint32Array {
  const table = new Uint32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1;
    table[byte] = crc;
  }
  return table;
}
