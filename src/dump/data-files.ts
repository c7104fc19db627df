import { open, rename, writeFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { faultPoint } from '../fault/fault.js';
import { TEMPORARY_SUFFIX } from './file-names.js';

/**
 * Makes a file's name and what its directory holds survive a power cut. Systems that cannot sync a directory are left
 * as they are.
 */
export async function syncDirectory(dir: string): Promise<void> {
  const handle = await open(dir, 'r');
  try {
    await handle.sync();
  } catch (error) {
    if (!['EINVAL', 'EISDIR', 'EPERM', 'ENOTSUP'].includes(String((error as NodeJS.ErrnoException).code))) throw error;
  } finally {
    await handle.close();
  }
}

/** Writes a file that is either complete under its name or absent. */
export async function writeWholeFile(dir: string, name: string, content: string): Promise<void> {
  const temporary = join(dir, name + TEMPORARY_SUFFIX);
  const handle = await open(temporary, 'w');
  try {
    await writeFile(handle, content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, join(dir, name));
}

/** Bytes that may wait for the disk before the reader of rows has to wait. */
const BACKLOG_LIMIT = 4 * 1024 * 1024;
const POOL_SIZE = 6;

/** Buffers of one size, used again once they are on disk. */
export class BufferPool {
  readonly size: number;
  readonly #free: Buffer[] = [];

  constructor(size: number) {
    this.size = size;
  }

  take(atLeast: number): Buffer {
    if (atLeast > this.size) return Buffer.allocUnsafeSlow(atLeast);
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.size);
  }

  give(buffer: Buffer): void {
    if (buffer.length === this.size && this.#free.length < POOL_SIZE) this.#free.push(buffer);
  }
}

/**
 * Writes the data files of one chunk, one after the other, in the background. Each is written under a temporary name,
 * synced and renamed.
 */
export class DataFiles {
  readonly #dir: string;
  readonly #nameOf: (part: number) => string;
  readonly #pool: BufferPool;
  #part = 0;
  #handle: FileHandle | undefined;
  #waiting = 0;
  #tail: Promise<void> = Promise.resolve();
  #error: unknown;

  constructor(dir: string, nameOf: (part: number) => string, pool: BufferPool) {
    this.#dir = dir;
    this.#nameOf = nameOf;
    this.#pool = pool;
  }

  /** Appends `length` bytes to the current file; the buffer belongs to the writer from here on. */
  append(buffer: Buffer, length: number): void {
    this.#waiting += length;
    this.#enqueue(async () => {
      this.#handle ??= await open(join(this.#dir, this.#nameOf(this.#part) + TEMPORARY_SUFFIX), 'w');
      let written = 0;
      while (written < length) {
        written += (await this.#handle.write(buffer, written, length - written)).bytesWritten;
      }
      this.#waiting -= length;
      this.#pool.give(buffer);
    });
  }

  /** Completes the current file; the next bytes go to the next one. */
  endFile(): void {
    this.#enqueue(async () => {
      const handle = this.#handle;
      if (handle === undefined) return;
      this.#handle = undefined;
      const name = this.#nameOf(this.#part++);
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
      await faultPoint('dump.before-rename');
      await rename(join(this.#dir, name + TEMPORARY_SUFFIX), join(this.#dir, name));
    });
  }

  /** A promise when too much waits for the disk, or when writing failed. */
  backlog(): Promise<void> | undefined {
    if (this.#error === undefined && this.#waiting <= BACKLOG_LIMIT) return undefined;
    return this.settle();
  }

  /** Waits until everything so far is on disk. @throws the first error of writing */
  async settle(): Promise<void> {
    await this.#tail;
    if (this.#error !== undefined) throw this.#error;
  }

  /** Closes what is open after a failure; unfinished files keep their temporary names. Never throws. */
  async abandon(): Promise<void> {
    await this.#tail;
    await this.#handle?.close().catch(() => undefined);
    this.#handle = undefined;
  }

  #enqueue(work: () => Promise<void>): void {
    this.#tail = this.#after(this.#tail, work);
  }

  async #after(earlier: Promise<void>, work: () => Promise<void>): Promise<void> {
    await earlier;
    if (this.#error !== undefined) return;
    try {
      await work();
    } catch (error) {
      this.#error = error;
    }
  }
}
