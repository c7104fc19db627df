import { createWriteStream, type WriteStream } from 'node:fs';

const LONGEST = 20_000;

/** What writers sent, in the order of the answers: what a difference is worked out from. */
export class StatementLog {
  readonly #stream: WriteStream;

  constructor(path: string) {
    this.#stream = createWriteStream(path, { flags: 'a' });
  }

  write(session: string, sql: string, error: unknown): void {
    const outcome = error === undefined ? '' : ` -- refused: ${(error as Error).message}`;
    this.#stream.write(
      `/* ${session} ${new Date().toISOString().slice(11, 23)} */ ${sql.slice(0, LONGEST)};${outcome}\n`,
    );
  }

  end(): void {
    this.#stream.end();
  }
}
