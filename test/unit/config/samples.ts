/** A complete task file that is valid and in effect as a whole. */
export const TASK_FILE = `---
name: test
task-mode: all
meta-schema: "dm_meta"
timezone: "Asia/Shanghai"
case-sensitive: true
online-ddl: false
ignore-checking-items: ["version"]
clean-dump-file: false

target-database:
  host: "192.168.0.1"
  port: 4000
  user: "root"
  password: "secret"
  max-allowed-packet: 67108864
  session:
    SQL_MODE: "ANSI_QUOTES,NO_ZERO_IN_DATE,NO_ZERO_DATE"
    tidb_skip_utf8_check: 1

block-allow-list:
  bw-rule-1:
    do-dbs: ["~^test.*", "user"]
    ignore-dbs: ["mysql", "account"]
    do-tables:
    - db-name: "~^test.*"
      tbl-name: "~^t.*"
    - db-name: "user"
      tbl-name: "information"

mydumpers:
  global:
    threads: 6
    chunk-filesize: 32
    where: "id > 5"
    extra-args: "--consistency none"

loaders:
  global:
    pool-size: 8
    dir: "./dumped_data"

syncers:
  global:
    worker-count: 12
    batch: 200
    safe-mode: true
    compact: true
    multiple-rows: true
    queue-size: 2048
    checkpoint-flush-interval: 10

mysql-instances:
  - source-id: "mysql-replica-01"
    block-allow-list: "bw-rule-1"
    mydumper-config-name: "global"
    loader-config-name: "global"
    syncer-config-name: "global"
  - source-id: "mysql-replica-02"
    mydumper-thread: 5
    loader-thread: 17
    syncer-thread: 18
`;

/** The shortest valid task file. */
export const SHORT_TASK_FILE = `name: test
task-mode: all
target-database:
  host: 127.0.0.1
  port: 4000
  user: root
mysql-instances:
  - source-id: mysql-replica-01
`;

/** The shortest valid source file. */
export const SOURCE_FILE = `source-id: mysql-replica-01
from:
  host: 127.0.0.1
  port: 3306
  user: root
`;

/** Line (1-based) that holds the text, to keep expectations readable. */
export function lineOf(file: string, text: string): number {
  const at = file.indexOf(text);
  if (at < 0) throw new Error(`the file does not hold ${text}`);
  return file.slice(0, at).split('\n').length;
}

/** The complete sample of the manual's configuration guide (4.4.1.7). */
export const WIZARD_TASK_FILE = `---
name: test
shard-mode: "pessimistic"
task-mode: all

mysql-instances:
- source-id: "mysql-replica-01"
  block-allow-list: "bw-rule-1"
  filter-rules: ["filter-rule-1"]
  route-rules: ["route-rule-1", "route-rule-2"]
- source-id: "mysql-replica-02"
  block-allow-list: "bw-rule-2"
  filter-rules: ["filter-rule-2"]
  route-rules: ["route-rule-2"]

target-database:
  host: "127.0.0.1"
  port: 4000
  user: "root"
  password: ""

block-allow-list:
  bw-rule-1:
    do-dbs: ["test.*", "user"]
    do-tables:
    - db-name: "test.*"
      tbl-name: "t.*"
    - db-name: "user"
      tbl-name: "information"
  bw-rule-2:
    ignore-tables:
    - db-name: "user"
      tbl-name: "log"

filters:
  filter-rule-1:
    schema-pattern: "test_*"
    table-pattern: "t_*"
    events: ["truncate table", "drop table"]
    action: Ignore
  filter-rule-2:
    schema-pattern: "test"
    events: ["all dml"]
    action: Do

routes:
  route-rule-1:
    schema-pattern: "test_*"
    table-pattern: "t_*"
    target-schema: "test"
    target-table: "t"
  route-rule-2:
    schema-pattern: "test_*"
    target-schema: "test"
`;

/** A sample with almost every key (advanced task configuration of DM 5.3). */
export const ADVANCED_TASK_FILE = `---
name: test
task-mode: all
shard-mode: "pessimistic"
meta-schema: "dm_meta"
timezone: "Asia/Shanghai"
case-sensitive: false
online-ddl: true
ignore-checking-items: []
clean-dump-file: true

target-database:
  host: "192.168.0.1"
  port: 4000
  user: "root"
  password: ""
  max-allowed-packet: 67108864
  session:
    sql_mode: "ANSI_QUOTES,NO_ZERO_IN_DATE,NO_ZERO_DATE"
    tidb_skip_utf8_check: 1
    tidb_constraint_check_in_place: 0
  security:
    ssl-ca: "/path/to/tidb-ca.pem"
    ssl-cert: "/path/to/tidb-client-cert.pem"
    ssl-key: "/path/to/tidb-client-key.pem"

routes:
  route-rule-1:
    schema-pattern: "test_*"
    table-pattern: "t_*"
    target-schema: "test"
    target-table: "t"
  route-rule-2:
    schema-pattern: "test_*"
    target-schema: "test"

filters:
  filter-rule-1:
    schema-pattern: "test_*"
    table-pattern: "t_*"
    events: ["truncate table", "drop table"]
    action: Ignore
  filter-rule-2:
    schema-pattern: "test_*"
    events: ["all dml"]
    action: Do

expression-filter:
  even_c:
    schema: "expr_filter"
    table: "tbl"
    insert-value-expr: "c % 2 = 0"

block-allow-list:
  bw-rule-1:
    do-dbs: ["~^test.*", "user"]
    ignore-dbs: ["mysql", "account"]
    do-tables:
    - db-name: "~^test.*"
      tbl-name: "~^t.*"
    - db-name: "user"
      tbl-name: "information"

mydumpers:
  global:
    threads: 4
    chunk-filesize: 64
    extra-args: "--consistency none"

loaders:
  global:
    pool-size: 16
    dir: "./dumped_data"

syncers:
  global:
    worker-count: 16
    batch: 100
    safe-mode: false
    compact: false
    multiple-rows: false

mysql-instances:
  - source-id: "mysql-replica-01"
    meta:
      binlog-name: binlog.000001
      binlog-pos: 4
      binlog-gtid: "03fc0263-28c7-11e7-a653-6c0b84d59f30:1-7041423,05474d3c-28c7-11e7-8352-203db246dd3d:1-170"
    route-rules: ["route-rule-1", "route-rule-2"]
    filter-rules: ["filter-rule-1", "filter-rule-2"]
    block-allow-list: "bw-rule-1"
    expression-filters: ["even_c"]
    mydumper-config-name: "global"
    loader-config-name: "global"
    syncer-config-name: "global"
  - source-id: "mysql-replica-02"
    mydumper-thread: 4
    loader-thread: 16
    syncer-thread: 16
`;
