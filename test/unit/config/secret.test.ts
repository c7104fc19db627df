import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EncryptionCodec } from '../../../activities/data-converter.js';
import {
  loadSecretKey,
  openSecrets,
  openText,
  sealSecrets,
  sealText,
  type SecretKey,
} from '../../../src/config/secret.js';

const key: SecretKey = { bytes: Buffer.alloc(32, 1), source: 'a test' };
const other: SecretKey = { bytes: Buffer.alloc(32, 2), source: 'DM_SECRET_KEY' };

describe('a sealed text', () => {
  it('opens to what it was', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(openText(sealText(text, key), key)).toBe(text);
    })); // prettier-ignore
  });

  it('differs each time and hides its content', () => {
    const sealed = sealText('hunter2', key);
    expect(sealed).toMatch(/^\{gcm1\}/);
    expect(sealed).not.toContain('hunter2');
    expect(sealText('hunter2', key)).not.toBe(sealed);
  });

  it('does not open with another key, and the error names where the key came from', () => {
    const sealed = sealText('hunter2', key);
    expect(() => openText(sealed, other)).toThrow(
      expect.objectContaining({ code: 20010, workaround: expect.stringContaining('DM_SECRET_KEY') }),
    );
  });

  it('does not open when one bit of it was changed', () => {
    const sealed = sealText('hunter2', key);
    const bytes = Buffer.from(sealed.slice(6), 'base64');
    for (let i = 0; i < bytes.length; i++) {
      const changed = Buffer.from(bytes);
      changed[i] = (changed[i] ?? 0) ^ 1;
      expect(() => openText(`{gcm1}${changed.toString('base64')}`, key)).toThrow();
    }
    expect(() => openText('{gcm1}', key)).toThrow();
    expect(() => openText('hunter2', key)).toThrow();
  });
});

describe('a sealed configuration', () => {
  const from = { host: 'h', port: 1, user: 'u', password: 'p1', security: { sslCa: 'ca', sslKey: 'k' } };
  const config = { name: 'x', from, to: { host: 'd', port: 2, user: 'v', password: '' } };

  it('shows no password and no TLS key, and opens to what it was', () => {
    const sealed = sealSecrets(config, key);
    expect(sealed).toMatchObject({ name: 'x', from: { host: 'h', security: { sslCa: 'ca' } } });
    expect(sealed.from.password).toMatch(/^\{gcm1\}/);
    expect(sealed.from.security.sslKey).toMatch(/^\{gcm1\}/);
    expect(config.from.password).toBe('p1');
    expect(openSecrets(sealed, key)).toEqual(config);
  });
});

describe('the key', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'dm-key-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('is made on first use, for its owner alone, and stays', () => {
    const env = { XDG_CONFIG_HOME: directory };
    const made = loadSecretKey(env);
    const path = join(directory, 'dm-temporal', 'secret.key');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(loadSecretKey(env).bytes.equals(made.bytes)).toBe(true);
    expect(Buffer.from(readFileSync(path, 'utf8'), 'base64')).toHaveLength(32);
  });

  it('comes from the environment before any file', () => {
    const text = Buffer.alloc(32, 9).toString('base64');
    const file = join(directory, 'k');
    writeFileSync(file, `${Buffer.alloc(32, 8).toString('base64')}\n`);
    expect(loadSecretKey({ DM_SECRET_KEY: text, DM_SECRET_KEY_FILE: file }).bytes[0]).toBe(9);
    expect(loadSecretKey({ DM_SECRET_KEY_FILE: file }).bytes[0]).toBe(8);
  });

  it('is refused when it is not 32 bytes, or its file is not there', () => {
    expect(() => loadSecretKey({ DM_SECRET_KEY: 'c2hvcnQ=' })).toThrow(expect.objectContaining({ code: 20010 }));
    expect(() => loadSecretKey({ DM_SECRET_KEY_FILE: join(directory, 'no') })).toThrow(
      expect.objectContaining({ code: 20010 }),
    );
  });
});

describe('the payload codec', () => {
  it('hides whole payloads, and passes what was written before it was switched on', async () => {
    const codec = new EncryptionCodec(key);
    const payload = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('"visible"') };
    const [hidden] = await codec.encode([payload]);
    expect(Buffer.from(hidden?.data ?? []).includes('visible')).toBe(false);
    const [shown] = await codec.decode([hidden ?? {}]);
    expect(Buffer.from(shown?.data ?? []).toString()).toBe('"visible"');
    expect(Buffer.from(shown?.metadata?.['encoding'] ?? []).toString()).toBe('json/plain');
    expect(await codec.decode([payload])).toEqual([payload]);
  });
});
