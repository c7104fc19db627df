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
