/** A name pattern or regular expression that cannot be used. The message is the reason alone. */
export class PatternError extends Error {
  override readonly name = 'PatternError';
}
