import { Client, Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { dataConverter } from '../activities/data-converter.js';

const DEFAULT_ADDRESS = 'localhost:7233';

/** A connection to Temporal with what it was made from. */
export interface TemporalAccess {
  client: Client;
  connection: Connection;
  address: string;
  namespace: string;
  close(): Promise<void>;
}

/** Temporal could not be reached; the message is one sentence for the user. */
export class TemporalUnreachableError extends Error {
  override readonly name = 'TemporalUnreachableError';
}

/** Where Temporal is, by its standard environment variables and configuration file. */
export interface TemporalSettings {
  address: string;
  namespace: string;
  /** Options of a client's or a worker's connection: address, TLS, API key, metadata. */
  connectionOptions: ReturnType<typeof loadClientConnectConfig>['connectionOptions'];
}

/**
 * Reads `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, `TEMPORAL_TLS_*`, `TEMPORAL_API_KEY`, `TEMPORAL_PROFILE` and Temporal's
 * configuration file. Default: namespace `default` at localhost:7233.
 *
 * @throws Error when that configuration cannot be read
 */
export function temporalSettings(): TemporalSettings {
  const { connectionOptions, namespace } = loadClientConnectConfig();
  const address = connectionOptions.address ?? DEFAULT_ADDRESS;
  return { address, namespace: namespace ?? 'default', connectionOptions: { ...connectionOptions, address } };
}

/**
 * Connects a client.
 *
 * @param timeoutMs how long to try
 * @throws TemporalUnreachableError when nobody answers in that time
 */
export async function connectTemporal(timeoutMs = 8_000): Promise<TemporalAccess> {
  const { address, namespace, connectionOptions } = temporalSettings();
  let connection: Connection;
  try {
    connection = await Connection.connect({ ...connectionOptions, connectTimeout: timeoutMs });
  } catch (error) {
    throw unreachable(address, error);
  }
  const client = new Client({ connection, namespace, dataConverter: dataConverter() });
  return { client, connection, address, namespace, close: () => connection.close() };
}

/** The error to show when Temporal does not answer. */
export function unreachable(address: string, cause: unknown): TemporalUnreachableError {
  const full = cause instanceof Error ? cause.message : String(cause);
  // The worker's connection tells the inside of its library; the words of the operating system stand within.
  const text = /^tonic::.*\bmessage: "([^"]+)"/s.exec(full)?.[1] ?? full;
  return new TemporalUnreachableError(
    `cannot reach Temporal at ${address}: ${text}; please start it, or set TEMPORAL_ADDRESS`,
    { cause },
  );
}
