import { readFileSync } from 'node:fs';

import { readPassword } from './password.js';
import type { DatabaseFile, SecurityFile } from './schema-parts.js';
import type { DatabaseConfig, SecurityConfig } from './types.js';
import type { ConfigDocument, KeyPath } from './yaml-reader.js';

/** What reading a configuration file needs of its surroundings. */
export interface FileEnvironment {
  /** Text of a file that the configuration names. Default: from the disk. */
  readFile?: (path: string) => string;
  /** Key for encrypted passwords. Default: {@link passwordKey}. */
  passwordKey?: Buffer;
}

/** MySQL's own lower limit of `max_allowed_packet`. */
const MIN_PACKET_BYTES = 1024;

/**
 * The connection that a database section describes: password decrypted, TLS files by content.
 *
 * @throws DmError 20003, 20010, 11112, 20018 with the place of the key
 */
export function readDatabase(
  doc: ConfigDocument<unknown>,
  path: KeyPath,
  database: DatabaseFile,
  env: FileEnvironment,
): DatabaseConfig {
  const result: DatabaseConfig = {
    host: database.host ?? '',
    port: database.port ?? 0,
    user: database.user ?? '',
    password: password(doc, [...path, 'password'], database.password ?? '', env),
  };
  const maxPacket = database['max-allowed-packet'] ?? 0;
  if (maxPacket !== 0 && maxPacket < MIN_PACKET_BYTES) {
    throw doc.errorAt([...path, 'max-allowed-packet'], 20003, [`must not be less than ${MIN_PACKET_BYTES}`]);
  }
  if (maxPacket !== 0) result.maxAllowedPacket = maxPacket;
  const session = lowerCaseKeys(doc, [...path, 'session'], database.session ?? {});
  if (Object.keys(session).length > 0) result.session = session;
  const security = database.security;
  if (security !== undefined) {
    const read = readSecurity(doc, [...path, 'security'], security, env);
    if (Object.keys(read).length > 0) result.security = read;
  }
  return result;
}

function password(doc: ConfigDocument<unknown>, path: KeyPath, text: string, env: FileEnvironment): string {
  try {
    return readPassword(text, env.passwordKey);
  } catch (cause) {
    throw doc.errorAt(path, 20010, ['******'], { cause });
  }
}

function lowerCaseKeys(
  doc: ConfigDocument<unknown>,
  path: KeyPath,
  session: Record<string, string>,
): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(session)) {
    const lower = name.toLowerCase();
    // The name becomes part of a SET statement.
    if (!/^[a-z_][a-z0-9_.]*$/.test(lower)) {
      throw doc.errorAt([...path, name], 20003, ['not the name of a session variable']);
    }
    if (Object.hasOwn(result, lower)) throw doc.errorAt([...path, name], 20003, ['stands twice, in different case']);
    result[lower] = value;
  }
  return result;
}

function readSecurity(
  doc: ConfigDocument<unknown>,
  path: KeyPath,
  security: SecurityFile,
  env: FileEnvironment,
): SecurityConfig {
  const read = env.readFile ?? ((file: string) => readFileSync(file, 'utf8'));
  const content = (key: 'ssl-ca' | 'ssl-cert' | 'ssl-key'): string | undefined => {
    const file = security[key] ?? '';
    if (file === '') return undefined;
    let pem: string;
    try {
      pem = read(file);
    } catch (cause) {
      throw doc.errorAt([...path, key], 20018, [file], { cause });
    }
    if (!pem.includes('-----BEGIN '))
      throw doc.errorAt([...path, key], 11112, [], { cause: `${file} is not PEM text` });
    return pem;
  };
  const [sslCa, sslCert, sslKey] = [content('ssl-ca'), content('ssl-cert'), content('ssl-key')];
  if ((sslCert === undefined) !== (sslKey === undefined)) {
    const absent = sslCert === undefined ? 'ssl-cert' : 'ssl-key';
    throw doc.errorAt([...path, absent], 11112, [], { cause: 'ssl-cert and ssl-key must be given together' });
  }
  const names = security['cert-allowed-cn'] ?? [];
  return {
    ...(sslCa === undefined ? {} : { sslCa }),
    ...(sslCert === undefined ? {} : { sslCert }),
    ...(sslKey === undefined ? {} : { sslKey }),
    ...(names.length === 0 ? {} : { certAllowedCn: names }),
  };
}
