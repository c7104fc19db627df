import { formatUuid } from '../mysql/gtid-set-mysql.js';
import { CorruptEventError, Cursor } from './cursor.js';

/** What a GTID event says of the transaction that it opens. */
export interface GtidBody {
  /** Absent for anonymous transactions. */
  gtid?: string;
  /** Microseconds since the epoch of the commit on the server where the transaction began. */
  commitMicros?: number;
  /** MariaDB: the group is one event without COMMIT. */
  standalone?: boolean;
  /** MariaDB: the group ends in XA PREPARE and may yet be rolled back. */
  preparedXa?: boolean;
}

/** In the highest byte of the commit timestamp: the original one stands behind it. */
const HAS_ORIGINAL_TIMESTAMP = 0x80;

const LOGICAL_CLOCK_TYPE = 2;

/** Reads the body of a GTID event (type 33, or 34 for anonymous transactions). */
export function parseGtidEvent(body: Buffer, anonymous: boolean): GtidBody {
  const cursor = new Cursor(body);
  cursor.skip(1); // flags
  const uuid = formatUuid(cursor.bytes, cursor.skip(16));
  const number = uintText(cursor.bytes, cursor.skip(8));
  const result: GtidBody = anonymous ? {} : { gtid: `${uuid}:${number}` };
  // Servers before 5.7 end here; those before 8.0 after the logical clock.
  if (cursor.remaining < 1 + 16 + 7 || cursor.u8() !== LOGICAL_CLOCK_TYPE) return result;
  cursor.skip(16); // last committed, sequence number
  const at = cursor.skip(7);
  const hasOriginal = (body[at + 6] & HAS_ORIGINAL_TIMESTAMP) !== 0;
  const micros = timestamp55(body, hasOriginal && cursor.remaining >= 7 ? cursor.skip(7) : at);
  if (micros > 0) result.commitMicros = micros;
  return result;
}

/** The 55 bits of a timestamp in microseconds: those that there will be for a long time are safe integers. */
function timestamp55(bytes: Buffer, at: number): number {
  return bytes.readUIntLE(at, 6) + (bytes[at + 6] & (HAS_ORIGINAL_TIMESTAMP - 1)) * 2 ** 48;
}

/** Decimal text of a 64-bit integer. */
function uintText(bytes: Buffer, at: number): string {
  const high = bytes.readUInt32LE(at + 4);
  return high < 2 ** 21 ? String(high * 2 ** 32 + bytes.readUInt32LE(at)) : String(bytes.readBigUInt64LE(at));
}

/** Fields of a tagged GTID event, by their number in the message. */
const Field = { flags: 0, uuid: 1, number: 2, tag: 3, immediateTimestamp: 6, originalTimestamp: 7 } as const;

/** Highest field number that we know to be passed over without harm. */
const LAST_KNOWN_FIELD = 11;

/**
 * Reads the body of a tagged GTID event (type 42, MySQL 8.3 and later): a message of MySQL's serialization library, fields
 * with their numbers in ascending order.
 */
export function parseTaggedGtidEvent(body: Buffer): GtidBody {
  const cursor = new Cursor(body);
  if (cursor.serializedUint() !== 1n) throw new CorruptEventError('unknown version of a tagged GTID event');
  const size = Number(cursor.serializedUint());
  if (size > body.length) throw new CorruptEventError('tagged GTID event goes beyond its end');
  // Number of the last field that may not be passed over, plus one.
  if (cursor.serializedUint() > BigInt(LAST_KNOWN_FIELD + 1)) {
    throw new CorruptEventError('tagged GTID event holds a field that must be understood');
  }
  let uuid = '';
  let number = 0n;
  let tag = '';
  const result: GtidBody = {};
  while (cursor.pos < size) {
    const field = Number(cursor.serializedUint());
    if (field > LAST_KNOWN_FIELD) break;
    if (field === Field.uuid) uuid = serializedUuid(cursor);
    else if (field === Field.number) number = cursor.serializedInt();
    else if (field === Field.tag) tag = cursor.utf8(Number(cursor.serializedUint()));
    else if (field === Field.immediateTimestamp || field === Field.originalTimestamp) {
      result.commitMicros = Number(cursor.serializedUint());
    } else cursor.serializedUint();
  }
  if (uuid === '' || number < 1n) throw new CorruptEventError('tagged GTID event without a GTID');
  result.gtid = tag === '' ? `${uuid}:${number}` : `${uuid}:${tag}:${number}`;
  return result;
}

/** The sixteen bytes stand one by one as variable-length integers. */
function serializedUuid(cursor: Cursor): string {
  const bytes = Buffer.alloc(16);
  for (let index = 0; index < bytes.length; index++) bytes[index] = Number(cursor.serializedUint());
  return formatUuid(bytes, 0);
}

/** Flags of MariaDB's GTID event. */
const MariadbFlag = { standalone: 0x01, preparedXa: 0x40 } as const;

/** Reads the body of MariaDB's GTID event; the server's id stands in the common header. */
export function parseMariadbGtidEvent(body: Buffer, serverId: number): GtidBody {
  const cursor = new Cursor(body);
  const sequence = cursor.u64();
  const domain = cursor.u32();
  const flags = cursor.u8();
  return {
    gtid: `${domain}-${serverId}-${sequence}`,
    standalone: (flags & MariadbFlag.standalone) !== 0,
    preparedXa: (flags & MariadbFlag.preparedXa) !== 0,
  };
}

/** GTIDs of MariaDB's Gtid_list event, of which the last of each domain is the newest. */
export function parseMariadbGtidList(body: Buffer): string[] {
  const cursor = new Cursor(body);
  const count = cursor.u32() & 0x0fffffff;
  const gtids: string[] = [];
  for (let index = 0; index < count; index++) {
    const domain = cursor.u32();
    const server = cursor.u32();
    gtids.push(`${domain}-${server}-${cursor.u64()}`);
  }
  return gtids;
}
