import { dmError } from '../../errors/dm-error.js';
import type { MetaConnection, MetaTables } from '../../meta/tables.js';
import { quoteString } from '../../mysql/quote.js';
import type { QueryEvent } from '../events.js';

/** Session variables of a recorded statement, as query events carry them. */
export type RecordedSession = Omit<QueryEvent, 'type' | 'sql' | 'start' | 'end' | 'inTransaction'>;

/** A statement on a ghost table, to be executed on the real one later. */
export interface RecordedDdl {
  /** As the upstream wrote it, names of the ghost table included. */
  sql: string;
  /** Absent in records that DM wrote. */
  session?: RecordedSession;
  /** Where it stands in the binlog: read again, it is not recorded twice. */
  at?: string;
}

/** What is recorded of a ghost table. */
export interface OnlineRecord {
  ghostSchema: string;
  ghostTable: string;
  /** The real table. */
  schema: string;
  table: string;
  ddls: readonly RecordedDdl[];
}

/** What an event does to the records; `record` is absent when the one of that ghost table is to go. */
export interface OnlineChange {
  ghostSchema: string;
  ghostTable: string;
  record?: OnlineRecord;
}

/** `ddls` as it is stored: DM's keys, and for each statement what DM does not keep. */
interface StoredRecord {
  schema: string;
  table: string;
  ddls: string[];
  details?: { session?: StoredSession; at?: string }[];
}

type StoredSession = Omit<RecordedSession, 'sqlMode'> & { sqlMode?: string };

/**
 * The statements of unfinished runs of gh-ost and pt-online-schema-change, in memory and in DM's table. Changes are stored
 * in the transaction that moves the checkpoint past the event they come from: a restart finds what belongs to its place.
 */
export class OnlineRecords {
  readonly #tables: MetaTables;
  readonly #sourceId: string;
  readonly #lowerCase: boolean;
  readonly #records = new Map<string, OnlineRecord>();
  #pending: OnlineChange[] = [];

  /** @param lowerCase - the upstream does not tell names by their case */
  constructor(tables: MetaTables, sourceId: string, lowerCase: boolean) {
    this.#tables = tables;
    this.#sourceId = sourceId;
    this.#lowerCase = lowerCase;
  }

  /** Reads what earlier runs of the task have stored. @throws the server's error; DmError 36039 for what is no record */
  async load(connection: MetaConnection): Promise<void> {
    const [rows] = await connection.query(
      `SELECT ghost_schema, ghost_table, ddls FROM ${this.#tables.onlineDdl} WHERE id = ${quoteString(this.#sourceId)}`,
    );
    this.#records.clear();
    for (const row of rows as { ghost_schema: string; ghost_table: string; ddls: string }[]) {
      const record = readRecord(row.ghost_schema, row.ghost_table, row.ddls);
      this.#records.set(this.#key(record.ghostSchema, record.ghostTable), record);
    }
  }

  get(ghostSchema: string, ghostTable: string): OnlineRecord | undefined {
    return this.#records.get(this.#key(ghostSchema, ghostTable));
  }

  /** Makes the changes in memory; they are stored by {@link statements}. */
  apply(changes: readonly OnlineChange[]): void {
    for (const { ghostSchema, ghostTable, record } of changes) {
      const key = this.#key(ghostSchema, ghostTable);
      if (record === undefined) this.#records.delete(key);
      else this.#records.set(key, record);
    }
    this.#pending.push(...changes);
  }

  /** SQL that stores the changes since {@link stored} was called; may be executed again. */
  statements(): string[] {
    return this.#pending.map(({ ghostSchema, ghostTable, record }) => {
      const id = quoteString(this.#sourceId);
      const [schema, table] = [quoteString(this.#written(ghostSchema)), quoteString(this.#written(ghostTable))];
      return record === undefined
        ? `DELETE FROM ${this.#tables.onlineDdl} WHERE id = ${id} AND ghost_schema = ${schema} AND ghost_table = ${table}`
        : `REPLACE INTO ${this.#tables.onlineDdl} (id, ghost_schema, ghost_table, ddls) VALUES ` +
            `(${id}, ${schema}, ${table}, ${quoteString(JSON.stringify(storedRecord(record)))})`;
    });
  }

  /** The changes are in the table. */
  stored(): void {
    this.#pending = [];
  }

  #written(name: string): string {
    return this.#lowerCase ? name.toLowerCase() : name;
  }

  #key(schema: string, table: string): string {
    return JSON.stringify([this.#written(schema), this.#written(table)]);
  }
}

function storedRecord({ schema, table, ddls }: OnlineRecord): StoredRecord {
  const details = ddls.map(({ session, at }) => ({
    ...(session === undefined ? {} : { session: storedSession(session) }),
    ...(at === undefined ? {} : { at }),
  }));
  return { schema, table, ddls: ddls.map(({ sql }) => sql), details };
}

/** JSON has no 64-bit integers. */
function storedSession({ sqlMode, ...session }: RecordedSession): StoredSession {
  return { ...session, ...(sqlMode === undefined ? {} : { sqlMode: String(sqlMode) }) };
}

function readRecord(ghostSchema: string, ghostTable: string, text: string): OnlineRecord {
  try {
    return parseRecord(ghostSchema, ghostTable, text);
  } catch (cause) {
    throw dmError(36039, [], { cause });
  }
}

function parseRecord(ghostSchema: string, ghostTable: string, text: string): OnlineRecord {
  const { schema, table, ddls, details = [] } = JSON.parse(text) as StoredRecord;
  const recorded = ddls.map((sql, i): RecordedDdl => {
    const { session, at } = details[i] ?? {};
    return {
      sql,
      ...(session === undefined ? {} : { session: parseSession(session) }),
      ...(at === undefined ? {} : { at }),
    };
  });
  return { ghostSchema, ghostTable, schema, table, ddls: recorded };
}

function parseSession({ sqlMode, ...session }: StoredSession): RecordedSession {
  return { ...session, ...(sqlMode === undefined ? {} : { sqlMode: BigInt(sqlMode) }) };
}
