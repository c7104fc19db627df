import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { ddlInspect, parseRoute, type DdlInspectOptions } from '../../../cli/commands/ddl-inspect.js';

async function inspect(lines: string[], options: Partial<DdlInspectOptions> = {}): Promise<Record<string, unknown>[]> {
  const output = new PassThrough();
  const all = text(output);
  const input = Readable.from(lines.map((line) => `${line}\n`));
  await ddlInspect({ flavor: 'mysql', schema: 'test', routes: [], ...options }, input, output);
  output.end();
  return (await all)
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('dmctl ddl inspect', () => {
  it('gives one object a line', async () => {
    const results = await inspect([
      JSON.stringify('CREATE TABLE t (\n  a INT)'),
      JSON.stringify('ALTER TABLE x.t RENAME y.u'),
      JSON.stringify('INSERT INTO t VALUES (1)'),
    ]);
    expect(results).toEqual([
      { ok: true, kind: 'create table', objects: [{ schema: 'test', name: 't', role: 'target' }] },
      {
        ok: true,
        kind: 'alter table',
        objects: [
          { schema: 'x', name: 't', role: 'target' },
          { schema: 'y', name: 'u', role: 'new-name' },
        ],
      },
      { ok: true, kind: 'insert', objects: [{ schema: 'test', name: 't', role: 'target' }] },
    ]);
  });

  it('goes on behind bad lines', async () => {
    const results = await inspect(['{', '5', JSON.stringify('ALTER TABLE'), JSON.stringify('DROP TABLE t')]);
    expect(results.map(({ ok }) => ok)).toEqual([false, false, false, true]);
    expect(results[2]).toEqual({ ok: false, error: expect.stringContaining('line 1 column 12: expected table name') });
  });

  it('rewrites by routes', async () => {
    const routes = [...parseRoute('old=new'), ...parseRoute('old.t=x.y'), ...parseRoute('lone=single')];
    const results = await inspect(
      ['DROP TABLE old.t', 'DROP TABLE old.u', 'DROP TABLE lone', 'DROP DATABASE old', 'CREATE TABLE a SELECT 1'].map(
        (sql) => JSON.stringify(sql),
      ),
      { routes },
    );
    expect(results.map(({ rewritten }) => rewritten)).toEqual([
      'DROP TABLE `x`.`y`',
      'DROP TABLE `new`.`u`',
      'DROP TABLE `test`.`single`',
      'DROP DATABASE `new`',
      undefined,
    ]);
    expect(results[4]).toMatchObject({ ok: true, error: expect.stringContaining('failed to rewrite') });
  });

  it('follows flavor, version and sql_mode', async () => {
    const line = [JSON.stringify('CREATE TABLE "t" (a UUID /*M!110000 NOT NULL */)')];
    expect((await inspect(line, { flavor: 'mariadb', sqlMode: 'ANSI_QUOTES' }))[0]?.['ok']).toBe(true);
    expect((await inspect(line, { flavor: 'mysql', sqlMode: 'ANSI_QUOTES' }))[0]?.['ok']).toBe(false);
  });

  it.each(['old', 'a.b=c', 'a=b.c', '=x', 'a.b.c=d'])('refuses the route %s', (route) => {
    expect(() => parseRoute(route)).toThrow(/db=new_db/);
  });
});
