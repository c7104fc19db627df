import type { DatabaseConfig } from './types.js';

declare const sealed: unique symbol;

/**
 * A configuration whose secrets (passwords, TLS keys) are encrypted with AES-256-GCM, fit for workflow history. Only
 * `openSecrets` gives the usable form back.
 */
export type SealedConfig<T> = T & { readonly [sealed]: true };

/** Configurations that hold database credentials. */
export type WithDatabases = { from?: DatabaseConfig; to?: DatabaseConfig };
