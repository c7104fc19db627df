import type { Ask } from '../control.js';
import type { TableMapping } from '../../filter/router.js';
import { introspectTable } from '../../schema/introspect.js';
import type { Table } from '../../schema/model.js';
import type { ServerProfile } from '../../schema/server-profile.js';
import type { StructureSeed } from '../../schema/tracker.js';
import { StructureReader } from '../structure-reader.js';

/** Options of {@link serverSeed}. */
export interface SeedOptions {
  upstream: Ask;
  upstreamProfile: ServerProfile;
  downstream: Ask;
  downstreamProfile: ServerProfile;
  mapping: TableMapping;
}

/**
 * The first structure of a table that neither the checkpoint nor the dump knows. The downstream's is what the table looked
 * like when it was copied, the upstream's what it looks like now. The upstream's is taken where both have the same columns
 * in the same order, and where the downstream has columns that the upstream lacks or none at all; otherwise a DDL that
 * is still to come may be the difference, and the downstream's is taken.
 */
export function serverSeed(options: SeedOptions): StructureSeed {
  const above = new StructureReader(options.upstream, options.upstreamProfile);
  const below = new StructureReader(options.downstream, options.downstreamProfile);
  return {
    origin: 'upstream',
    load: async (schema, table) => {
      const target = options.mapping.target(schema, table);
      const [up, down] = await Promise.all([above.get(schema, table), below.get(target.schema, target.table)]);
      if (up === undefined || down === undefined) return up ?? down;
      return hasAllColumns(up, down) ? down : up;
    },
  };
}

/** The downstream's structure alone: what was there before a statement that the upstream has executed already. */
export function downstreamSeed(options: SeedOptions): StructureSeed {
  return {
    origin: 'downstream',
    load: async (schema, table) => {
      const target = options.mapping.target(schema, table);
      return options.downstream((connection) =>
        introspectTable(connection, options.downstreamProfile, target.schema, target.table),
      );
    },
  };
}

/** The upstream's structure alone: what is left where neither choice fits the rows at hand. */
export function upstreamSeed(options: SeedOptions): StructureSeed {
  return {
    origin: 'upstream',
    load: (schema, table) =>
      options.upstream((connection) => introspectTable(connection, options.upstreamProfile, schema, table)),
  };
}

/** Whether the upstream has all columns of the downstream and more: then they were added since. */
function hasAllColumns(up: Table, down: Table): boolean {
  const names = new Set(up.columns.map((column) => column.name.toLowerCase()));
  return (
    up.columns.length > down.columns.length && down.columns.every((column) => names.has(column.name.toLowerCase()))
  );
}
