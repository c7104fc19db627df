/**
 * Something the user has to put right before a dm-worker can start; the message is one sentence. An empty one has been
 * answered already (help, version).
 */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly exitCode: number;

  constructor(message: string, exitCode = 2) {
    super(message);
    this.exitCode = exitCode;
  }
}
