import { describe, expect, it } from 'vitest';
import { formatForReading, formatJson } from '../../../cli/output/json.js';
import {
  detailedStatus,
  percent,
  subtaskStatus,
  taskList,
  taskStatus,
  type SubtaskSnapshot,
} from '../../../cli/output/status.js';
import type { ErrorJson } from '../../../src/errors/dm-error.js';
import type { Progress, Stage, SubtaskState } from '../../../workflows/contract.js';

const ERROR: ErrorJson = {
  ErrCode: 36027,
  ErrClass: 'sync-unit',
  ErrScope: 'internal',
  ErrLevel: 'high',
  Message:
    "startLocation: [position: (mysql-bin.000001, 2022), gtid-set: 09bec856-ba95-11ea-850a-58f2b4af5188:1-9], endLocation: [position: (mysql-bin.000001, 2022), gtid-set: 09bec856-ba95-11ea-850a-58f2b4af5188:1-9]: gen insert sqls failed, schema: log, table: messages: Column count doesn't match value count: 3 (columns) vs 2 (values)",
  RawCause: '',
  Workaround: '',
};

const SYNC: Progress = {
  unit: 'Sync',
  totalEvents: '12',
  totalTps: '1',
  recentTps: '1',
  totalRows: '40',
  recentRps: '4',
  masterBinlog: '(bin.000001, 3234)',
  masterBinlogGtid: 'c0149e17-dff1-11e8-b6a8-0242ac110004:1-14',
  syncerBinlog: '(bin.000001, 2525)',
  syncerBinlogGtid: '',
  readerBinlog: '(bin.000001, 3000)',
  synced: false,
  binlogType: 'remote',
  secondsBehindMaster: '0',
};

function load(finishedBytes: string, totalBytes: string): Progress {
  return { unit: 'Load', finishedBytes, totalBytes, finishedRows: '5', bps: '0', metaBinlog: '', metaBinlogGTID: '' };
}

function subtask(task: string, sourceId: string, state: Partial<SubtaskState>, progress?: Progress): SubtaskSnapshot {
  return {
    task,
    sourceId,
    answered: true,
    state: {
      stage: 'Running',
      unit: 'Sync',
      worker: '',
      result: null,
      expectedStage: 'Running',
      attempt: 1,
      ...state,
    },
    ...(progress === undefined ? {} : { progress }),
  };
}

const paused = (errors: ErrorJson[]) => ({
  stage: 'Paused' as Stage,
  result: { isCanceled: false, errors, detail: null },
});

it('shows a pause of the user as a cancelled unit without errors', () => {
  const state = subtask('test', 'mysql-replica-01', { stage: 'Paused' });
  expect(subtaskStatus(state).result).toEqual({ isCanceled: true, errors: [], detail: null });
  expect(subtaskStatus(subtask('test', 'mysql-replica-01', { stage: 'Running' })).result).toBeNull();
});

describe('the short answer of query-status', () => {
  it("is the manual's sample", () => {
    const list = taskList([
      subtask('test2', 'mysql-replica-02', { stage: 'Paused' }),
      subtask('test', 'mysql-replica-02', {}),
      subtask('test', 'mysql-replica-01', {}),
      subtask('test2', 'mysql-replica-01', { stage: 'Paused' }),
    ]);
    expect(formatJson(list)).toBe(`{
    "result": true,
    "msg": "",
    "tasks": [
        {
            "taskName": "test",
            "taskStatus": "Running",
            "sources": [
                "mysql-replica-01",
                "mysql-replica-02"
            ]
        },
        {
            "taskName": "test2",
            "taskStatus": "Paused",
            "sources": [
                "mysql-replica-01",
                "mysql-replica-02"
            ]
        }
    ]
}`);
  });

  it('has an empty list on two lines', () => {
    expect(formatJson(taskList([]))).toBe('{\n    "result": true,\n    "msg": "",\n    "tasks": [\n    ]\n}');
  });
});

describe('an answer at a terminal', () => {
  it('has line breaks, tabs and quotes of long texts as they are, and nothing that a terminal obeys', () => {
    const answer = { result: true, msg: 'one "line" \u001b[2J', cfg: 'name: "a\\b"\n\tx: \u001b[2J\n' };
    expect(formatForReading(answer)).toBe(
      '{\n    "result": true,\n    "msg": "one \\"line\\" \\u001b[2J",\n    "cfg": "name: "a\\b"\n    x: \\u001b[2J\n"\n}',
    );
    expect(JSON.parse(formatJson(answer))).toEqual(answer);
    expect(formatForReading(taskList([]))).toBe(formatJson(taskList([])));
  });
});

describe('the status of a task', () => {
  const error = 'Error - Some error occurred in subtask. Please run `query-status test` to get more details.';
  it.each<[string, Partial<SubtaskState>[], string]>([
    ['an error pause before everything', [{ stage: 'Finished' }, paused([ERROR]), { stage: 'Paused' }], error],
    [
      'errors count although the user paused',
      [{ stage: 'Paused', result: { isCanceled: true, errors: [ERROR], detail: null } }],
      error,
    ],
    [
      'errors of a running subtask do not',
      [{ result: { isCanceled: false, errors: [ERROR], detail: null } }],
      'Running',
    ],
    ['a pause without errors', [{}, paused([])], 'Paused'],
    ['all New', [{ stage: 'New' }, { stage: 'New' }], 'New'],
    ['all Finished', [{ stage: 'Finished' }, { stage: 'Finished' }], 'Finished'],
    ['all Stopped', [{ stage: 'Stopped' }], 'Stopped'],
    ['Finished and Running', [{ stage: 'Finished' }, {}], 'Running'],
    ['New and Running', [{ stage: 'New' }, {}], 'Running'],
    ['Pausing', [{ stage: 'Pausing' }], 'Running'],
  ])('%s', (_, states, expected) => {
    expect(
      taskStatus(
        'test',
        states.map((state) => subtask('test', 's', state).state),
      ),
    ).toBe(expected);
  });
});

describe('the detailed answer of query-status', () => {
  it("is the manual's sample, with its slips mended", () => {
    const answer = detailedStatus(
      [
        { sourceId: 'mysql-replica-03', worker: 'worker3' },
        { sourceId: 'mysql-replica-01', worker: 'worker1' },
        { sourceId: 'mysql-replica-02', worker: 'worker2' },
      ],
      [
        subtask('test', 'mysql-replica-01', {}, SYNC),
        subtask('test', 'mysql-replica-02', { unit: 'Load' }, load('115', '452')),
        subtask('test', 'mysql-replica-03', { unit: 'Load', ...paused([ERROR]) }, load('0', '156')),
      ],
    );
    expect(formatJson(answer)).toBe(GOLDEN);
  });

  it('has one object of its unit for each unit, whatever progress is known', () => {
    const units = ['Check', 'Dump', 'Load', 'Sync'] as const;
    for (const unit of units) {
      for (const progress of [undefined, SYNC, load('1', '2')]) {
        const [entry] = detailedStatus(
          [{ sourceId: 's', worker: 'w' }],
          [subtask('t', 's', { unit }, progress)],
        ).sources;
        const shown = Object.keys(entry.subTaskStatus[0]).slice(5);
        expect(shown).toEqual([unit.toLowerCase()]);
      }
    }
  });

  it('says so when there is no subtask, no worker, or another attempt', () => {
    const sources = [
      { sourceId: 'a', worker: 'w' },
      { sourceId: 'b', worker: 'w' },
      { sourceId: 'c', worker: 'w' },
    ];
    const silent = { ...subtask('t', 'b', { unit: 'Load' }), answered: false };
    const trying = {
      ...subtask('t', 'c', {}),
      retrying: { attempt: 3, error: { ...ERROR, Message: 'lost', RawCause: 'reset' } },
    };
    const answer = detailedStatus(sources, [silent, trying]);
    expect(answer.sources.map(({ result, msg }) => [result, msg])).toEqual([
      [true, 'no sub task started'],
      [false, 'no dm-worker answers: stage and unit are the last ones known'],
      [true, 'task t is at attempt 3: lost reset'],
    ]);
  });
});

describe('percentages', () => {
  it.each([
    [115n, 452n, false, '25.44 %'],
    [0n, 156n, false, '0.00 %'],
    [0n, 0n, false, '0.00 %'],
    [0n, 0n, true, '100.00 %'],
    [452n, 452n, true, '100.00 %'],
    [9_007_199_254_740_993n, 18_014_398_509_481_986n, false, '50.00 %'],
    [1n, 3n, false, '33.33 %'],
  ])('%s of %s', (part, whole, finished, expected) => expect(percent(part, whole, finished)).toBe(expected));
});

const GOLDEN = `{
    "result": true,
    "msg": "",
    "sources": [
        {
            "result": true,
            "msg": "",
            "sourceStatus": {
                "source": "mysql-replica-01",
                "worker": "worker1",
                "result": null,
                "relayStatus": null
            },
            "subTaskStatus": [
                {
                    "name": "test",
                    "stage": "Running",
                    "unit": "Sync",
                    "result": null,
                    "unresolvedDDLLockID": "",
                    "sync": {
                        "totalEvents": "12",
                        "totalTps": "1",
                        "recentTps": "1",
                        "masterBinlog": "(bin.000001, 3234)",
                        "masterBinlogGtid": "c0149e17-dff1-11e8-b6a8-0242ac110004:1-14",
                        "syncerBinlog": "(bin.000001, 2525)",
                        "syncerBinlogGtid": "",
                        "blockingDDLs": [
                        ],
                        "unresolvedGroups": [
                        ],
                        "synced": false,
                        "binlogType": "remote",
                        "secondsBehindMaster": "0"
                    }
                }
            ]
        },
        {
            "result": true,
            "msg": "",
            "sourceStatus": {
                "source": "mysql-replica-02",
                "worker": "worker2",
                "result": null,
                "relayStatus": null
            },
            "subTaskStatus": [
                {
                    "name": "test",
                    "stage": "Running",
                    "unit": "Load",
                    "result": null,
                    "unresolvedDDLLockID": "",
                    "load": {
                        "finishedBytes": "115",
                        "totalBytes": "452",
                        "progress": "25.44 %",
                        "metaBinlog": "",
                        "metaBinlogGTID": ""
                    }
                }
            ]
        },
        {
            "result": true,
            "msg": "",
            "sourceStatus": {
                "source": "mysql-replica-03",
                "worker": "worker3",
                "result": null,
                "relayStatus": null
            },
            "subTaskStatus": [
                {
                    "name": "test",
                    "stage": "Paused",
                    "unit": "Load",
                    "result": {
                        "isCanceled": false,
                        "errors": [
                            {
                                "ErrCode": 36027,
                                "ErrClass": "sync-unit",
                                "ErrScope": "internal",
                                "ErrLevel": "high",
                                "Message": ${JSON.stringify(ERROR.Message)},
                                "RawCause": "",
                                "Workaround": ""
                            }
                        ],
                        "detail": null
                    },
                    "unresolvedDDLLockID": "",
                    "load": {
                        "finishedBytes": "0",
                        "totalBytes": "156",
                        "progress": "0.00 %",
                        "metaBinlog": "",
                        "metaBinlogGTID": ""
                    }
                }
            ]
        }
    ]
}`;
