import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { causeText, dmError } from '../errors/dm-error.js';
import type { DatabaseConfig } from './types.js';

declare const sealed: unique symbol;

/**
 * A configuration whose secrets (passwords, TLS keys) are encrypted with AES-256-GCM, fit for workflow history. Only
 * `openSecrets` gives the usable form back.
 */
export type SealedConfig<T> = T & { readonly [sealed]: true };

/** Configurations that hold database credentials. */
export type WithDatabases = { from?: DatabaseConfig; to?: DatabaseConfig };

/** The key that seals, and where it came from, for messages. */
export interface SecretKey {
  bytes: Buffer;
  source: string;
}

/** Leads every sealed text, so that its form can change one day without guessing. */
const VERSION = '{gcm1}';
const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Reads the key: 32 bytes in base64 in `DM_SECRET_KEY`, or in the file that `DM_SECRET_KEY_FILE` names, or in
 * `$XDG_CONFIG_HOME/dm-temporal/secret.key` (`~/.config` by default), which is made on first use, readable by its owner
 * alone. Every dm-worker and dmctl of a cluster needs the same key.
 *
 * @throws DmError 20010 when the key cannot be read, or is not 32 bytes of base64
 */
export function loadSecretKey(env: NodeJS.ProcessEnv = process.env): SecretKey {
  const direct = env['DM_SECRET_KEY'];
  if (direct !== undefined && direct !== '') return parseKey(direct, 'DM_SECRET_KEY');
  const named = env['DM_SECRET_KEY_FILE'];
  if (named !== undefined && named !== '') return parseKey(readKeyFile(named), `DM_SECRET_KEY_FILE (${named})`);
  const path = defaultKeyPath(env);
  return parseKey(readOrMakeKeyFile(path), path);
}

/** Encrypts a text: `{gcm1}` and base64 of IV, tag and cipher text. The same text gives another result each time. */
export function sealText(text: string, key: SecretKey): string {
  return VERSION + sealBytes(Buffer.from(text, 'utf8'), key).toString('base64');
}

/**
 * Reads what {@link sealText} wrote.
 *
 * @throws DmError 20010 when the text is not sealed, was changed, or was sealed with another key
 */
export function openText(text: string, key: SecretKey): string {
  if (!text.startsWith(VERSION)) throw unreadable(key, 'the text is not sealed');
  return openBytes(Buffer.from(text.slice(VERSION.length), 'base64'), key).toString('utf8');
}

/** Encrypts bytes: IV, tag, cipher text. */
export function sealBytes(bytes: Uint8Array, key: SecretKey): Buffer {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key.bytes, iv, { authTagLength: TAG_BYTES });
  const body = Buffer.concat([cipher.update(bytes), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), body]);
}

/**
 * Reads what {@link sealBytes} wrote.
 *
 * @throws DmError 20010 when the bytes were changed, or were sealed with another key
 */
export function openBytes(bytes: Uint8Array, key: SecretKey): Buffer {
  if (bytes.length < IV_BYTES + TAG_BYTES) throw unreadable(key, 'the sealed text is too short');
  const iv = bytes.subarray(0, IV_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', key.bytes, iv, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
  } catch (error) {
    throw unreadable(key, error);
  }
}

/** The configuration with the passwords and TLS keys of its databases sealed; everything else stays readable. */
export function sealSecrets<T extends WithDatabases>(config: T, key: SecretKey = loadSecretKey()): SealedConfig<T> {
  return mapSecrets(config, (secret) => sealText(secret, key)) as SealedConfig<T>;
}

/**
 * The usable form of a sealed configuration. Only for the memory of the process that connects.
 *
 * @throws DmError 20010 when it was sealed with another key
 */
export function openSecrets<T extends WithDatabases>(config: SealedConfig<T>, key: SecretKey = loadSecretKey()): T {
  return mapSecrets(config, (secret) => openText(secret, key));
}

function mapSecrets<T extends WithDatabases>(config: T, change: (secret: string) => string): T {
  const result = { ...config };
  if (config.from !== undefined) result.from = mapDatabase(config.from, change);
  if (config.to !== undefined) result.to = mapDatabase(config.to, change);
  return result;
}

function mapDatabase(database: DatabaseConfig, change: (secret: string) => string): DatabaseConfig {
  const result = { ...database, password: change(database.password) };
  const sslKey = database.security?.sslKey;
  if (sslKey !== undefined) result.security = { ...database.security, sslKey: change(sslKey) };
  return result;
}

function parseKey(text: string, source: string): SecretKey {
  const bytes = Buffer.from(text.trim(), 'base64');
  if (bytes.length === KEY_BYTES) return { bytes, source };
  throw dmError(20010, [source], {
    cause: `expected ${KEY_BYTES} bytes in base64, got ${bytes.length}`,
    workaround: `Please make a key with \`openssl rand -base64 ${KEY_BYTES}\` and give the same one to dmctl and to every dm-worker.`,
  });
}

function unreadable(key: SecretKey, cause: unknown): Error {
  return dmError(20010, ['a sealed secret'], {
    cause: `${causeText(cause)} (key from ${key.source})`,
    workaround: `Please give dmctl and every dm-worker the same key: this process took it from ${key.source}.`,
  });
}

function defaultKeyPath(env: NodeJS.ProcessEnv): string {
  const configured = env['XDG_CONFIG_HOME'];
  const base = configured === undefined || configured === '' ? join(homedir(), '.config') : configured;
  return join(base, 'dm-temporal', 'secret.key');
}

function readKeyFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw dmError(20010, [path], { cause: error, workaround: 'Please check DM_SECRET_KEY_FILE.' });
  }
}

/** Two processes may come here at once: a complete file appears under the name by one of them, and both read that one. */
function readOrMakeKeyFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw dmError(20010, [path], { cause: error });
  }
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(draft, `${randomBytes(KEY_BYTES).toString('base64')}\n`, { mode: 0o600, flag: 'wx' });
    linkExclusively(draft, path);
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw dmError(20010, [path], {
      cause: error,
      workaround: 'Please make the directory writable, or give the key in DM_SECRET_KEY or DM_SECRET_KEY_FILE.',
    });
  } finally {
    rmSync(draft, { force: true });
  }
}

function linkExclusively(draft: string, path: string): void {
  try {
    linkSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
