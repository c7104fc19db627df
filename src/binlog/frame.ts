import { hasValidChecksum } from './checksum.js';
import { CHECKSUM_LENGTH, EventFlag, EventType, HEADER_LENGTH } from './constants.js';
import { CorruptEventError } from './cursor.js';

/** Place of the flags in an event's header. */
const FLAGS_OFFSET = 17;

/** Version, server version, creation time, header length: what a format description holds at least. */
const FORMAT_LENGTH = 57;

/** Head of one event. */
export interface Header {
  timestamp: number;
  type: number;
  serverId: number;
  /** Low 32 bits of the place where the event ends. */
  logPos: number;
  flags: number;
}

/** Reads the header that all events begin with. */
export function parseHeader(event: Buffer): Header {
  return {
    timestamp: event.readUInt32LE(0),
    type: event[4],
    serverId: event.readUInt32LE(5),
    logPos: event.readUInt32LE(13),
    flags: event.readUInt16LE(FLAGS_OFFSET),
  };
}

/** Takes events out of their frames: checks lengths and checksums, which the stream's format descriptions announce. */
export class FrameReader {
  /** Undefined until the first format description tells. */
  private checksums: boolean | undefined;

  /**
   * Header and body of an event.
   * @throws CorruptEventError when its length or its checksum is wrong
   */
  open(event: Buffer): { header: Header; body: Buffer } {
    if (event.length < HEADER_LENGTH) throw new CorruptEventError(`event of ${event.length} bytes`);
    const announced = event.readUInt32LE(9);
    if (announced !== event.length) {
      throw new CorruptEventError(`event says ${announced} bytes but has ${event.length}`);
    }
    const header = parseHeader(event);
    if (header.type === EventType.formatDescription) return { header, body: this.openFormat(event) };
    // The made-up Rotate event before the first format description has a checksum or not: only the bytes can tell.
    const checked = this.checksums ?? hasValidChecksum(event);
    if (!checked) return { header, body: event.subarray(HEADER_LENGTH) };
    if (!hasValidChecksum(event)) throw mismatch();
    return { header, body: event.subarray(HEADER_LENGTH, event.length - CHECKSUM_LENGTH) };
  }

  /** A format description ends in the algorithm for all events from itself on, and room for its own checksum. */
  private openFormat(event: Buffer): Buffer {
    const algorithmAt = event.length - CHECKSUM_LENGTH - 1;
    if (algorithmAt < HEADER_LENGTH + FORMAT_LENGTH) throw new CorruptEventError('truncated format description');
    const algorithm = event[algorithmAt];
    if (algorithm > 1) throw new CorruptEventError(`unknown checksum algorithm ${algorithm}`);
    if (algorithm === 1 && !hasValidChecksum(withoutInUseFlag(event))) throw mismatch();
    this.checksums = algorithm === 1;
    return event.subarray(HEADER_LENGTH, event.length - CHECKSUM_LENGTH);
  }
}

/** A format description as it was when its checksum was made: its file was not yet marked as being written. */
function withoutInUseFlag(event: Buffer): Buffer {
  const copy = Buffer.from(event);
  copy[FLAGS_OFFSET] &= ~EventFlag.binlogInUse;
  return copy;
}

function mismatch(): Error {
  return new CorruptEventError('binlog checksum mismatch, data may be corrupted');
}
