import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { dmError } from '../errors/dm-error.js';

/** Environment variables that name the key for passwords in configuration files. */
export const PASSWORD_KEY_VARIABLE = 'DM_PASSWORD_KEY';
export const PASSWORD_KEY_FILE_VARIABLE = 'DM_PASSWORD_KEY_FILE';

/** Key in effect when none is configured. It is public: it hides passwords from a glance, not from an attacker. */
const DEVELOPMENT_KEY = 'development-only-key-of-dm-files';

const IV_BYTES = 16;
const SEPARATOR = 0x40;
const KEY_BYTES = [16, 24, 32];

/**
 * The key (16, 24 or 32 bytes) for passwords in files, from `DM_PASSWORD_KEY`, else the file that `DM_PASSWORD_KEY_FILE`
 * names, else the development key.
 *
 * @throws DmError 20010 when the key has another length or its file cannot be read
 */
export function passwordKey(env: Record<string, string | undefined> = process.env): Buffer {
  const key = Buffer.from(configuredKey(env) ?? DEVELOPMENT_KEY, 'utf8');
  if (!KEY_BYTES.includes(key.length)) {
    throw dmError(20010, [''], {
      cause: `the key for passwords has ${key.length} bytes`,
      workaround: `Give ${PASSWORD_KEY_VARIABLE} (or the file in ${PASSWORD_KEY_FILE_VARIABLE}) 16, 24 or 32 bytes.`,
    });
  }
  return key;
}

function configuredKey(env: Record<string, string | undefined>): string | undefined {
  const direct = env[PASSWORD_KEY_VARIABLE];
  if (direct !== undefined && direct !== '') return direct;
  const file = env[PASSWORD_KEY_FILE_VARIABLE];
  if (file === undefined || file === '') return undefined;
  try {
    return readFileSync(file, 'utf8').trimEnd();
  } catch (cause) {
    throw dmError(20010, [''], { cause, workaround: `Check the file that ${PASSWORD_KEY_FILE_VARIABLE} names.` });
  }
}

/** Text form of an encrypted password: base64 of IV, `@` and the AES-CFB ciphertext; differs on every call. */
export function encryptPassword(plain: string, key: Buffer = passwordKey()): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(`aes-${key.length * 8}-cfb`, key, iv);
  const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
  return Buffer.concat([iv, Buffer.of(SEPARATOR), body]).toString('base64');
}

/** The bytes behind an encrypted password; `undefined` when the text does not have that form. */
function decryptBytes(text: string, key: Buffer): Buffer | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return undefined;
  const raw = Buffer.from(text, 'base64');
  if (raw.length <= IV_BYTES || raw[IV_BYTES] !== SEPARATOR) return undefined;
  const decipher = createDecipheriv(`aes-${key.length * 8}-cfb`, key, raw.subarray(0, IV_BYTES));
  return Buffer.concat([decipher.update(raw.subarray(IV_BYTES + 1)), decipher.final()]);
}

/**
 * Undoes {@link encryptPassword}.
 *
 * @throws DmError 20010 when the text is not an encrypted password, or was made with another key
 */
export function decryptPassword(text: string, key: Buffer = passwordKey()): string {
  const plain = decryptBytes(text, key);
  if (plain === undefined) throw undecryptable('the text does not have the form of an encrypted password');
  return toUtf8(plain);
}

/**
 * The password that a configuration file means: decrypted when it has the form of an encrypted one, as it is otherwise.
 *
 * @throws DmError 20010 when it was encrypted with another key
 */
export function readPassword(text: string, key: Buffer = passwordKey()): string {
  const plain = decryptBytes(text, key);
  return plain === undefined ? text : toUtf8(plain);
}

/** The cipher has no check of its own: bytes that are no text tell that the key is not the one of the encryption. */
function toUtf8(plain: Buffer): string {
  const text = plain.toString('utf8');
  if (!Buffer.from(text, 'utf8').equals(plain)) throw undecryptable('it was encrypted with another key');
  return text;
}

function undecryptable(cause: string): Error {
  return dmError(20010, ['******'], { cause });
}
