/** Severity of a log line, as in DM's `log-level`. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

const LEVELS: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 };

/** Values printed behind a message as `[key=value]`. Never put a password or a row's content here. */
export type LogFields = Record<string, string | number | bigint | boolean | undefined>;

/** What the engine needs of a logger. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds `fields` to each of its lines. */
  with(fields: LogFields): Logger;
}

/** Options of {@link createLogger}. */
export interface LoggerOptions {
  level?: LogLevel;
  fields?: LogFields;
  /** Takes one finished line with its line end. Default: standard error. */
  write?: (line: string) => void;
}

/** A logger in the unified log format of the TiDB family: `[time] [LEVEL] ["message"] [key=value]...`. */
export function createLogger(options: LoggerOptions = {}): Logger {
  const threshold = LEVELS[options.level ?? 'info'];
  const write = options.write ?? ((line: string) => void process.stderr.write(line));
  const own = options.fields ?? {};
  const log = (level: LogLevel, message: string, fields?: LogFields): void => {
    if (LEVELS[level] < threshold) return;
    write(formatLine(new Date(), level, message, { ...own, ...fields }));
  };
  return {
    debug: (message, fields) => log('debug', message, fields),
    info: (message, fields) => log('info', message, fields),
    warn: (message, fields) => log('warn', message, fields),
    error: (message, fields) => log('error', message, fields),
    with: (fields) => createLogger({ ...options, fields: { ...own, ...fields } }),
  };
}

/** A logger that keeps silent. */
export const silentLogger: Logger = createLogger({ write: () => undefined });

function formatLine(time: Date, level: LogLevel, message: string, fields: LogFields): string {
  let line = `[${formatTime(time)}] [${level.toUpperCase()}] [${quoteIfNeeded(message)}]`;
  for (const [key, value] of Object.entries(fields)) {
    if (value !== undefined) line += ` [${quoteIfNeeded(key)}=${quoteIfNeeded(shorten(String(value)))}]`;
  }
  return `${line}\n`;
}

function formatTime(time: Date): string {
  return time.toISOString().replaceAll('-', '/').replace('T', ' ').replace('Z', ' +00:00');
}

/** Longest value that is printed whole, characters: a statement may have megabytes. */
const MAX_VALUE = 4096;

function shorten(text: string): string {
  return text.length <= MAX_VALUE ? text : `${text.slice(0, MAX_VALUE)}... (${text.length} characters)`;
}

function quoteIfNeeded(text: string): string {
  return /^[\w.:/@+-]+$/.test(text) ? text : JSON.stringify(text);
}
