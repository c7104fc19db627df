import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { connectTemporal, TemporalUnreachableError } from '../../../cli/client.js';
import { certificate, TlsProxy } from '../../support/tls-proxy.js';
import { FakeDownstream } from './fake-units.js';
import { eventually, testBed } from './harness.js';

const bed = testBed();
let proxy: TlsProxy;
beforeAll(async () => {
  proxy = await TlsProxy.start(bed.address);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await proxy.stop();
});
beforeEach(() => {
  vi.unstubAllEnvs();
  proxy.authorizations.clear();
});

function configure(variables: Record<string, string>): void {
  vi.stubEnv('TEMPORAL_ADDRESS', proxy.address);
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(`TEMPORAL_${name}`, value);
}

const BY_PATH = {
  TLS_SERVER_CA_CERT_PATH: certificate('ca.pem'),
  TLS_CLIENT_CERT_PATH: certificate('client-cert.pem'),
  TLS_CLIENT_KEY_PATH: certificate('client-key.pem'),
};

async function namespaceIsKnown(timeoutMs = 5_000): Promise<string | undefined> {
  const access = await connectTemporal(timeoutMs);
  try {
    const { namespace } = bed;
    const answer = await access.connection.workflowService.describeNamespace({ namespace });
    return answer.namespaceInfo?.name ?? undefined;
  } finally {
    await access.close();
  }
}

describe("Temporal's standard settings of TLS and API key", () => {
  it.each([
    ['files', BY_PATH],
    [
      'contents',
      {
        TLS_SERVER_CA_CERT_DATA: readFileSync(certificate('ca.pem'), 'utf8'),
        TLS_CLIENT_CERT_DATA: readFileSync(certificate('client-cert.pem'), 'utf8'),
        TLS_CLIENT_KEY_DATA: readFileSync(certificate('client-key.pem'), 'utf8'),
      },
    ],
  ])('reach a client, certificates as %s', async (_how, variables) => {
    configure({ ...variables, TLS: 'true', TLS_SERVER_NAME: 'temporal.test' });
    expect(await namespaceIsKnown()).toBe(bed.namespace);
    expect([...proxy.authorizations]).toEqual([undefined]);
  });

  it('reach a client, with an API key', async () => {
    configure({ ...BY_PATH, API_KEY: 'key-of-the-test' });
    expect(await namespaceIsKnown()).toBe(bed.namespace);
    expect([...proxy.authorizations]).toEqual(['Bearer key-of-the-test']);
  });

  it.each([
    ['no certificate of the client', { TLS: 'true', TLS_SERVER_CA_CERT_PATH: certificate('ca.pem') }],
    ['another name of the server', { ...BY_PATH, TLS_SERVER_NAME: 'other.test' }],
    ['no TLS', {}],
  ])('decide: with %s there is no connection', async (_how, variables) => {
    configure(variables);
    await expect(namespaceIsKnown(1_000)).rejects.toThrow(TemporalUnreachableError);
  });

  it('reach a dm-worker, which then takes part', async () => {
    configure({ ...BY_PATH, TLS_SERVER_NAME: 'temporal.test', API_KEY: 'key-of-the-worker' });
    const worker = await bed.worker('w1', new FakeDownstream());
    await eventually(async () => {
      const cluster = await bed.status.cluster();
      expect(cluster?.workers).toMatchObject([{ name: 'w1', online: true }]);
    });
    expect([...proxy.authorizations]).toEqual(['Bearer key-of-the-worker']);
    await worker.end();
  });
});
