import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { NamespaceNotFoundError } from '@temporalio/common';
import { afterAll, describe, expect, it } from 'vitest';
import { complete } from '../../../cli/commands/completion.js';
import type { DmctlContext, Services } from '../../../cli/commands/context.js';
import { effectiveOptions, normalizeArguments, temporalAddresses } from '../../../cli/commands/global-options.js';
import { runInteractive } from '../../../cli/commands/interactive.js';
import { runCommandLine } from '../../../cli/commands/program.js';
import { TemporalUnreachableError } from '../../../cli/client.js';
import { NotFoundError } from '../../../cli/commands-client.js';
import { dmError } from '../../../src/errors/dm-error.js';
import { SAMPLE_SOURCE_FILE } from '../../../src/config/source-file.js';

const directory = mkdtempSync(join(tmpdir(), 'dmctl-unit-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** A dmctl whose cluster is made of a few functions. */
function dmctl(services: Partial<Record<keyof Services, unknown>> | Error = {}) {
  const printed = { out: '', err: '' };
  const context: DmctlContext = {
    output: { out: (text) => void (printed.out += text), err: (text) => void (printed.err += text) },
    services: async () => {
      if (services instanceof Error) throw services;
      return { address: 'temporal:7233', namespace: 'default', ...services } as Services;
    },
    signal: new AbortController().signal,
    readFile: (path) => {
      if (path === 'task.yml') return 'name: from-file\nunknown: key\n';
      throw new Error(`no such file ${path}`);
    },
    writeFile: () => undefined,
  };
  const run = async (...argv: string[]) => ({ ...(await runCommandLine(context, argv)), ...printed });
  return { context, run, printed };
}

const reply = { result: true, msg: '', sources: [{ result: true, msg: '', source: 's', worker: 'w' }] };

describe('task commands', () => {
  it.each([
    ['pause-task', 'pauseTask', 'Pause'],
    ['resume-task', 'resumeTask', 'Resume'],
    ['stop-task', 'stopTask', 'Stop'],
  ])('%s answers with its op first', async (command, method, op) => {
    const asked: unknown[] = [];
    const commands = { [method]: async (...args: unknown[]) => (asked.push(args), reply) };
    const { exitCode, out } = await dmctl({ commands }).run(command, 'test', '-s', 'a,b', '--source=c');
    expect(exitCode).toBe(0);
    expect(out).toBe(`{
    "op": "${op}",
    "result": true,
    "msg": "",
    "sources": [
        {
            "result": true,
            "msg": "",
            "source": "s",
            "worker": "w"
        }
    ]
}
`);
    expect(asked).toEqual([['test', { sources: ['a', 'b', 'c'] }]]);
  });

  it('take the name out of a file, or the argument when the file cannot be read', async () => {
    const names: unknown[] = [];
    const commands = { pauseTask: async (name: string) => (names.push(name), reply) };
    await dmctl({ commands }).run('pause-task', 'task.yml');
    await dmctl({ commands }).run('pause-task', 'other.yaml');
    await dmctl({ commands }).run('pause-task', 'plain');
    expect(names).toEqual(['from-file', 'other.yaml', 'plain']);
  });

  it('end with exit code 1 on a negative answer', async () => {
    const commands = {
      stopTask: async () => {
        throw new NotFoundError('gone');
      },
    };
    const { exitCode, out, err } = await dmctl({ commands }).run('stop-task', 'test');
    expect([exitCode, err]).toEqual([1, '']);
    expect(JSON.parse(out)).toEqual({
      op: 'Stop',
      result: false,
      msg: 'task test has no source or not exist, please check the task name and status',
      sources: [],
    });
    const refused = {
      pauseTask: async () => {
        throw dmError(46017, [['x']]);
      },
    };
    const answer = await dmctl({ commands: refused }).run('pause-task', 'test');
    expect(answer.exitCode).toBe(1);
    expect(JSON.parse(answer.out)).toMatchObject({ msg: expect.stringContaining('[code=46017:class=dm-master:') });
  });

  it('without a name mean all tasks of one source', async () => {
    const commands = {
      resumeTask: async (task: string, { sources }: { sources: string[] }) => {
        if (task === 'bad') throw dmError(46024, ['x', 'y']);
        return { result: true, msg: '', sources: [{ result: true, msg: '', source: sources[0], worker: 'w' }] };
      },
    };
    const status = { source: async (id: string) => (id === 'src' ? { tasks: ['z', 'bad', 'a'] } : undefined) };
    const { exitCode, out } = await dmctl({ commands, status }).run('resume-task', '-s', 'src', '--batch-size', '2');
    expect(exitCode).toBe(1);
    const answer = JSON.parse(out) as { tasks: { task: string; result: boolean; op: string }[] };
    expect(Object.keys(answer)).toEqual(['result', 'msg', 'tasks']);
    expect(answer.tasks.map(({ task, op, result }) => [task, op, result])).toEqual([
      ['a', 'Resume', true],
      ['bad', 'Resume', false],
      ['z', 'Resume', true],
    ]);
    expect(Object.keys(answer.tasks[0])).toEqual(['task', 'op', 'result', 'msg', 'sources']);
    expect((await dmctl({ commands, status }).run('resume-task', '-s', 'other')).exitCode).toBe(1);
    for (const sources of [[], ['-s', 'a', '-s', 'b']]) {
      const wrong = await dmctl({ commands, status }).run('resume-task', ...sources);
      expect([wrong.exitCode, wrong.out]).toEqual([1, '']);
      expect(wrong.err).toContain('exactly one source');
    }
  });
});

describe('usage', () => {
  it.each([
    [['nonsense'], 'unknown command "nonsense"'],
    [['handle-error', 'task', 'skip'], 'command "handle-error" of DM is not available in this version'],
    [['start-tsk'], 'did you mean "start-task"?'],
    [['start-task'], "missing required argument 'config-file'"],
    [['start-task', 'a', 'b'], 'too many arguments'],
    [['pause-task', 'a', '--nope'], "unknown option '--nope'"],
    [['operate-source'], 'operate-type must be one of create, update, stop, show'],
    [['operate-source', 'remove', 'x'], 'operate-type must be one of'],
    [['operate-source', 'create'], 'give at least one config-file'],
    [['operate-source', 'stop'], 'give at least one config-file or source'],
    [['get-config', 'thing', 'x'], 'the type must be one of'],
    [['--rpc-timeout', 'soon', 'query-status'], '--rpc-timeout soon is not a duration'],
    [['--master-addr', 'not an address', 'query-status'], 'is not an address'],
    [['query-status', '--interval', 'x', '--watch'], '--interval x is not a whole number'],
    [['decrypt', 'plain'], 'code=20010'],
    [['query-status', '--config', '/no/such/file'], 'code=20018'],
  ])('%j', async (argv, text) => {
    const { exitCode, err } = await dmctl().run(...argv);
    expect(exitCode).toBe(1);
    expect(err).toContain(text);
  });

  it('Temporal out of reach is error 48001 with advice', async () => {
    const { exitCode, err } = await dmctl(new TemporalUnreachableError('cannot reach it')).run('query-status');
    expect(exitCode).toBe(1);
    expect(err).toMatch(
      /^Error: \[code=48001:class=dmctl:scope=internal:level=high\], Message: can not create grpc connection, RawCause: cannot reach it, Workaround: .+\n$/,
    );
  });

  it('--rpc-timeout ends a command that gets no answer', async () => {
    const commands = { pauseTask: () => new Promise(() => undefined) };
    const { exitCode, err } = await dmctl({ commands }).run('pause-task', 'test', '--rpc-timeout=30ms');
    expect(exitCode).toBe(1);
    expect(err).toContain('[code=38033:');
    expect(err).toContain('within 30ms');
    const quick = { pauseTask: async () => reply };
    expect((await dmctl({ commands: quick }).run('pause-task', 'test', '--rpc-timeout', '1h')).exitCode).toBe(0);
  });

  it('help needs no cluster', async () => {
    const broken = new Error('no cluster');
    for (const argv of [['help'], ['--help'], ['-h']]) {
      const { exitCode, out } = await dmctl(broken).run(...argv);
      expect(exitCode).toBe(0);
      expect(out).toMatch(
        /^DM control\n\nUsage:\n {2}dmctl \[command\]\n\nAvailable Commands:\n {2}check-config {4}.*\n {2}check-task {6}Checks/,
      );
      expect(out).not.toContain('get-task-config');
    }
    for (const argv of [
      ['help', 'start-task'],
      ['start-task', '-h'],
      ['start-task', '--help'],
    ]) {
      expect((await dmctl(broken).run(...argv)).out).toBe(`Starts a task as defined in the configuration file.

Usage:
  dmctl start-task [-s source ...] [--remove-meta] [--start-time time] <config-file> [flags]

Flags:
      --remove-meta     whether to remove task's metadata
      --start-time time where binlog replication starts, e.g. '2021-10-21 00:01:00' or 2021-10-21T00:01:00
  -h, --help            help for start-task

Global Flags:
  -s, --source strings MySQL Source ID.
`);
    }
  });

  it('passwords, the sample and the version need no cluster either', async () => {
    const broken = new Error('no cluster');
    for (const argv of [
      ['-encrypt', 'x y'],
      ['--encrypt=x y'],
      ['encrypt', 'x y'],
      ['--master-addr=a:1', '-encrypt', 'x y'],
    ]) {
      const cipher = (await dmctl(broken).run(...argv)).out.trim();
      for (const spelling of [['-decrypt', cipher], [`--decrypt=${cipher}`], ['decrypt', cipher]]) {
        expect((await dmctl(broken).run(...spelling)).out).toBe('x y\n');
      }
    }
    for (const argv of [['-V'], ['--V'], ['--version'], ['-version']]) {
      expect((await dmctl(broken).run(...argv)).out).toMatch(/^Release Version: v\d+\.\d+\.\d+/);
    }
    const sample = expect.stringContaining(SAMPLE_SOURCE_FILE);
    expect((await dmctl(broken).run('operate-source', 'create', '-p')).out).toEqual(sample);
    expect((await dmctl(broken).run('operate-source', '--print-sample-config', 'whatever')).out).toEqual(sample);
  });
});

describe('what goes wrong around a command', () => {
  it('a mistake in the command line begins like every other error', async () => {
    for (const argv of [['nonsense'], ['--bogus', 'query-status'], ['encrypt'], ['handle-error', 't', 'skip']]) {
      const { exitCode, err } = await dmctl().run(...argv);
      expect(exitCode).toBe(1);
      expect(err).toMatch(/^Error: /);
    }
  });

  it('a namespace that does not exist', async () => {
    const { exitCode, err } = await dmctl(new NamespaceNotFoundError('nosuch')).run('query-status');
    expect(exitCode).toBe(1);
    expect(err).toMatch(/^Error: \[code=48001:.*Namespace not found: 'nosuch'.*temporal operator namespace create/);
  });

  it('a file of get-config that cannot be written', async () => {
    const { context, printed } = dmctl();
    context.writeFile = () => {
      throw new Error('ENOENT: no such file or directory');
    };
    const { exitCode } = await runCommandLine(context, ['get-config', 'master', 'temporal', '--file', '/no/x']);
    expect(exitCode).toBe(1);
    expect(JSON.parse(printed.out)).toEqual({
      result: false,
      msg: 'write config to file /no/x failed: ENOENT: no such file or directory',
      cfg: '',
    });
  });
});

describe('global options', () => {
  it('single dashes and --V', () => {
    expect(normalizeArguments(['-master-addr', 'a:1', '-config=x', '--V', '-s', 'b', '-ssl-ca=c'])).toEqual([
      '--master-addr',
      'a:1',
      '--config=x',
      '-V',
      '-s',
      'b',
      '--ssl-ca=c',
    ]);
    expect(normalizeArguments(['encrypt', '--', '-decrypt'])).toEqual(['encrypt', '--', '-decrypt']);
  });

  it('command line before file before environment', () => {
    const file = join(directory, 'dmctl.toml');
    writeFileSync(file, '# dmctl\nmaster-addr = "file:1"\nrpc-timeout = \'5m\' # time\n\n');
    const env = { DM_MASTER_ADDR: 'env:1' };
    expect(effectiveOptions({ config: file, masterAddr: 'flag:1' }, env).masterAddr).toBe('flag:1');
    expect(effectiveOptions({ config: file }, env)).toMatchObject({ masterAddr: 'file:1', rpcTimeout: '5m' });
    expect(effectiveOptions({}, env).masterAddr).toBe('env:1');
    expect(effectiveOptions({}, { ...env, TEMPORAL_ADDRESS: 't:1' }).masterAddr).toBeUndefined();
  });

  it('names the place in a bad file', () => {
    const file = join(directory, 'bad.toml');
    writeFileSync(file, 'master-addr = "a:1"\nmaster-adr = "b:1"\n');
    expect(() => effectiveOptions({ config: file }, {})).toThrow(
      `${file}, line 2, key "master-adr": unknown key; did you mean "master-addr"?`,
    );
    writeFileSync(file, 'master-addr: x\n');
    expect(() => effectiveOptions({ config: file }, {})).toThrow(`${file}, line 1: expected a line of the form`);
  });

  it('takes several addresses, with or without a scheme', () => {
    expect(temporalAddresses({ masterAddr: 'http://a:1, b:2,:3,[::1]:4' })).toEqual([
      'a:1',
      'b:2',
      '127.0.0.1:3',
      '[::1]:4',
    ]);
    expect(temporalAddresses({})).toEqual(['']);
  });
});

describe('the interactive mode', () => {
  async function session(lines: string): Promise<{ out: string; err: string; terminal: string }> {
    const input = new PassThrough();
    const output = new PassThrough();
    let terminal = '';
    output.on('data', (data) => (terminal += String(data)));
    const commands = { pauseTask: async () => reply };
    const { context, printed } = dmctl({ commands });
    process.env['DMCTL_HISTORY'] = join(directory, 'history');
    input.end(lines);
    await runInteractive({ input, output, isTty: false }, [], {}, () => context);
    return { ...printed, terminal };
  }

  it('goes on after a failure, ignores blanks, ends at exit', async () => {
    const { out, err, terminal } = await session(
      '\n   \n  pause-task   test  \nnonsense here\nhelp pause-task\nexit\npause-task x\n',
    );
    expect(terminal.startsWith('Welcome to dmctl\nRelease Version: v')).toBe(true);
    expect(terminal.match(/» /g)).toHaveLength(6);
    expect(out.match(/"op": "Pause"/g)).toHaveLength(1);
    expect(out).toContain('Pauses a specified running task.');
    expect(err).toContain('unknown command "nonsense"');
    expect(err).toContain('fail to run: [nonsense here]');
  });

  it('ends with its input', async () => {
    expect((await session('pause-task test\n')).out).toContain('"op": "Pause"');
  });
});

describe('completion', () => {
  const names = { tasks: ['alpha', 'beta'], sources: ['src-1', 'src-2'] };
  it.each<[string, string[], string]>([
    ['pau', ['pause-task '], 'pau'],
    ['pause-task ', ['alpha ', 'beta '], ''],
    ['pause-task b', ['beta '], 'b'],
    ['query-status -s src-', ['src-1 ', 'src-2 '], 'src-'],
    ['query-status --w', ['--watch '], '--w'],
    ['operate-source s', ['stop ', 'show '], 's'],
    ['operate-source show src-2', ['src-2 '], 'src-2'],
    ['get-config ', ['task ', 'source ', 'worker ', 'master '], ''],
    ['get-config source ', ['src-1 ', 'src-2 '], ''],
    ['help qu', ['query-status '], 'qu'],
    ['nothing x', [], 'x'],
  ])('%j', (line, expected, last) => expect(complete(line, names)).toEqual([expected, last]));

  it('completes YAML files and directories', () => {
    writeFileSync(join(directory, 'my-task.yaml'), '');
    expect(complete(`start-task ${directory}/my`, names)[0]).toEqual([`${directory}/my-task.yaml `]);
    expect(complete('start-task /no/such/dir/', names)[0]).toEqual([]);
  });
});
