import { dmError } from '../errors/dm-error.js';

/** The two spellings of `start-task --start-time`; seconds may not be left out. */
const START_TIME = /^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2})$/;

/**
 * A start time as the server reads it, `2021-10-21 00:01:00`.
 * @throws DmError 20003 when it is written otherwise, or is no time at all
 */
export function readStartTime(text: string): string {
  const [, date = '', time = ''] = START_TIME.exec(text.trim()) ?? [];
  const value = new Date(`${date}T${time}Z`);
  const known = !Number.isNaN(value.getTime()) && value.toISOString().startsWith(`${date}T${time}`);
  if (known) return `${date} ${time}`;
  throw dmError(20003, [`--start-time ${text}`], {
    cause: 'expected a time such as 2021-10-21 00:01:00 or 2021-10-21T00:01:00',
    workaround: 'Please give the time as the upstream would show it, in its own time zone.',
  });
}
