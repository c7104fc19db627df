import { FIRST_EVENT_POSITION } from '../mysql/position.js';
import { EventFlag, EventType } from './constants.js';

const WRAP = 0x1_0000_0000;

/**
 * Follows the place in the binlog. Headers hold only the low 32 bits of an event's end (a single transaction can make a
 * file larger), zero for some events, and nothing useful for those that the server makes up.
 */
export class PositionTracker {
  /** Where the last event began and ended. */
  start: { name: string; pos: number };
  end: { name: string; pos: number };

  constructor(start: { name: string; pos: number }) {
    this.start = { ...start };
    this.end = this.start;
  }

  /** Where the next event begins. */
  get current(): { name: string; pos: number } {
    return this.end;
  }

  /** Takes in the head of an event of `length` bytes that says it ends at `logPos`. */
  move(type: number, flags: number, logPos: number, length: number, inTransaction: boolean): void {
    this.start = this.end;
    if ((flags & EventFlag.artificial) !== 0 || type === EventType.rotate) return;
    const { name, pos } = this.end;
    if (type === EventType.heartbeat || type === EventType.heartbeatV2) return;
    if (logPos === 0) {
      // MariaDB leaves it out inside transactions; a format description without it is repeated for a start in mid-file.
      if (!inTransaction) return;
      this.end = { name, pos: pos + length };
    } else {
      this.end = { name, pos: unwrap(logPos, pos) };
      // The server may have passed over events, so the place where this one began follows from its own end.
      const began = Math.max(this.end.pos - length, 0);
      if (began !== pos) this.start = { name, pos: began };
    }
  }

  /** Goes to a place of a file, the first of it unless the server says otherwise. */
  rotate(name: string, pos: number): void {
    // After a reconnect the server repeats where it was asked to begin: that must not move anything.
    if (name === this.end.name && pos <= this.end.pos) return;
    this.end = { name, pos: Math.max(pos, FIRST_EVENT_POSITION) };
  }
}

/** The position whose low 32 bits are `logPos`, the nearest to `before`. */
function unwrap(logPos: number, before: number): number {
  const near = Math.floor(before / WRAP) * WRAP + logPos;
  return near < before - WRAP / 2 ? near + WRAP : near;
}
