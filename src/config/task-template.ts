/**
 * A task file with every key that has a meaning: what most tasks need in effect, all else as comments that show the
 * default. A line whose `#` is not followed by exactly one blank becomes part of the file when the sign is taken away.
 */
export const TASK_TEMPLATE = `# A task: which tables of which sources go where. All keys: docs/configuration.md.
# Check the file with \`dmctl check-config <file>\`, start it with \`dmctl start-task <file>\`.

# ---- What ----

# Name of the task, different from all others.
name: "test"
# full: copy once. incremental: replicate from a start position. all: copy, then replicate.
task-mode: "all"
# Downstream database of checkpoints and other records.
#meta-schema: "dm_meta"
# Time zone that the dump's "where" is written for: a name such as "Asia/Shanghai", or an offset such as "+08:00". Empty is UTC.
#timezone: ""
# Whether names and patterns are matched with regard to case.
#case-sensitive: false
# Remove the dump files once they are loaded.
#clean-dump-file: true
# Prechecks to leave out; "all" leaves out every one.
#ignore-checking-items: []
# Merging sharded tables: "pessimistic" or "optimistic". Not available in this version.
#shard-mode: ""

# Follow changes of tables that gh-ost and pt-online-schema-change make.
#online-ddl: true
# Names of the tables that they fill, and of those that they leave behind. The group is the name of the real table.
#shadow-table-rules: ["^_(.+)_(?:new|gho)$"]
#trash-table-rules: ["^_(.+)_(?:ghc|del|old)$"]

# ---- Where to ----

target-database:
  host: "127.0.0.1"
  port: 4000
  user: "root"
  # Plain, or better the output of \`dmctl encrypt\`.
  password: ""
  # Largest packet in bytes. Absent, the server's own limit is used.
  #max-allowed-packet: 67108864
  # Session variables of every connection.
  #session:
  #  tidb_skip_utf8_check: 1
  # TLS. The files are read where dmctl runs.
  #security:
  #  ssl-ca: "/path/to/ca.pem"
  #  ssl-cert: "/path/to/client-cert.pem"
  #  ssl-key: "/path/to/client-key.pem"
  #  cert-allowed-cn: ["tidb"]

# ---- Where from: one entry for each source that \`operate-source create\` has added ----

mysql-instances:
  - source-id: "mysql-replica-01"
    # Names out of the sections below. A definition that no instance names is an error.
    block-allow-list: "tables"
    #route-rules: ["shards", "shard-databases"]
    #filter-rules: ["no-drop"]
    #expression-filters: ["even"]
    #column-mapping-rules: ["unique-id"]
    mydumper-config-name: "global"
    loader-config-name: "global"
    syncer-config-name: "global"
    # Short for \`threads\`, \`pool-size\` and \`worker-count\`, which they override.
    #mydumper-thread: 4
    #loader-thread: 16
    #syncer-thread: 16
    # Where task-mode "incremental" starts while the task has no checkpoint.
    #meta:
    #  binlog-name: "mysql-bin.000001"
    #  binlog-pos: 4
    #  binlog-gtid: ""

# ---- Which tables: names, patterns (*, ?, [a-z], [!a-z]; * at the end only), regular expressions after ~ ----

block-allow-list:
  tables:
    # When do-dbs is given, ignore-dbs has no effect; the same holds for tables.
    do-dbs: ["shop", "shop_*"]
    #ignore-dbs: ["mysql", "~^test"]
    #do-tables:
    #  - db-name: "shop"
    #    tbl-name: "~^order_[0-9]+$"
    #ignore-tables:
    #  - db-name: "shop"
    #    tbl-name: "log"

# ---- Under which names: patterns as above, without regular expressions ----

#routes:
#  shards:
#    schema-pattern: "shop_*"
#    table-pattern: "order_*"
#    target-schema: "shop"
#    target-table: "orders"
#  shard-databases:
#    schema-pattern: "shop_*"
#    target-schema: "shop"

# ---- Which events ----

#filters:
#  no-drop:
#    schema-pattern: "shop*"
#    # Absent, the rule is about the database and all of its tables.
#    table-pattern: "*"
#    # all, all dml, all ddl, none, none dml, none ddl, insert, update, delete, create database, drop database,
#    # create table, create index, drop table, truncate table, rename table, drop index, alter table
#    events: ["drop table", "truncate table"]
#    # Regular expressions over the text of DDL.
#    sql-pattern: ["^DROP\\\\s+PROCEDURE"]
#    # Do: only what matches is replicated. Ignore: what matches is not.
#    action: "Ignore"

# ---- Which rows are left out of replication: those for which the expression is true ----

#expression-filter:
#  even:
#    # Names, no patterns.
#    schema: "shop"
#    table: "orders"
#    # One kind of: insert-value-expr; update-old-value-expr and update-new-value-expr; delete-value-expr.
#    insert-value-expr: "id % 2 = 0"

# ---- Numbers that are unique over several tables ----

#column-mappings:
#  unique-id:
#    schema-pattern: "shop_*"
#    table-pattern: "order_*"
#    expression: "partition id"
#    source-column: "id"
#    target-column: "id"
#    # Number of the instance, prefix of the databases, prefix of the tables, separator before their numbers.
#    arguments: ["1", "shop", "order", "_"]

# ---- How: copying out, loading, replicating ----

mydumpers:
  global:
    threads: 4
    # MB, or with a unit.
    chunk-filesize: "64"
    # Rows of one chunk; set, one table is read by several connections.
    #rows: 200000
    # Bytes of one INSERT statement.
    #statement-size: 1000000
    # Condition on the rows of every table.
    #where: ""
    # --consistency none where neither locks nor FLUSH are allowed (Amazon Aurora).
    #extra-args: "--consistency auto"

loaders:
  global:
    pool-size: 16
    # Below the worker's data directory.
    #dir: "./dumped_data"

syncers:
  global:
    worker-count: 16
    batch: 100
    # REPLACE instead of INSERT, DELETE and REPLACE instead of UPDATE.
    #safe-mode: false
    # Merge changes of one row inside a batch.
    #compact: true
    # Merge changes of one kind into statements of several rows.
    #multiple-rows: true
    #queue-size: 1024
    # Seconds.
    #checkpoint-flush-interval: 30
`;
