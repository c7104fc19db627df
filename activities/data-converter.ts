import type { DataConverter, Payload, PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';
import { loadSecretKey, openBytes, sealBytes, type SecretKey } from '../src/config/secret.js';

// The package is CommonJS whose names Node cannot see.
const { Payload: PayloadMessage } = proto.temporal.api.common.v1;

const ENCODING = 'binary/dm-encrypted';
const encoding = new TextEncoder().encode(ENCODING);

/**
 * Encrypts whole payloads (inputs, results, heartbeats, queries) with the key that also seals passwords, for Temporal
 * services that are shared with others. Payloads written before it was switched on stay readable.
 */
export class EncryptionCodec implements PayloadCodec {
  private readonly key: SecretKey;

  constructor(key: SecretKey) {
    this.key = key;
  }

  async encode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => ({
      metadata: { encoding },
      data: sealBytes(PayloadMessage.encode(payload).finish(), this.key),
    }));
  }

  async decode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => {
      const written = payload.metadata?.['encoding'];
      if (written === undefined || written === null || new TextDecoder().decode(written) !== ENCODING) return payload;
      const bytes = openBytes(payload.data ?? new Uint8Array(), this.key);
      return PayloadMessage.decode(bytes);
    });
  }
}

/**
 * What every client and worker of this product converts data with: plain JSON, or, with `DM_PAYLOAD_ENCRYPTION=1`, encrypted
 * JSON. All processes of a cluster need the same setting.
 */
export function dataConverter(env: NodeJS.ProcessEnv = process.env): DataConverter {
  if (env['DM_PAYLOAD_ENCRYPTION'] !== '1') return {};
  return { payloadCodecs: [new EncryptionCodec(loadSecretKey(env))] };
}
