import { FAULT_POINTS, type FaultPoint } from './points.js';

/** What happens at a point that is switched on. */
type FaultAction = { kind: 'crash' } | { kind: 'fail'; errno?: number } | { kind: 'stall'; ms?: number };

interface Fault {
  action: FaultAction;
  /** Passage at which the fault strikes, 1 = the first; 0 = at each. */
  nth: number;
  passed: number;
}

/** The failure that a point raises when it is set to `fail`. Carries the server error number a test asked for. */
export class InjectedFault extends Error {
  override readonly name = 'InjectedFault';
  readonly errno: number | undefined;
  readonly sqlMessage: string | undefined;

  constructor(point: FaultPoint, errno: number | undefined) {
    super(`injected fault at ${point}`);
    this.errno = errno;
    this.sqlMessage = errno === undefined ? undefined : this.message;
  }
}

let faults = readEnvironment(process.env['DM_FAULT']);

/**
 * Marks a place in the engine where tests strike. Returns `undefined` and costs one comparison unless the environment
 * variable `DM_FAULT` names the point:
 *
 * `DM_FAULT="point=crash|fail[:errno]|stall[:ms][@nth],..."`
 *
 * `crash` kills the process with SIGKILL, `fail` throws {@link InjectedFault}, `stall` waits (for ever without `ms`).
 * `@nth` strikes at the nth passage only; without it at each.
 */
export function faultPoint(point: FaultPoint): Promise<void> | undefined {
  return faults === undefined ? undefined : strike(faults, point);
}

/** Whether any point is switched on: then a request is sent in the steps that points stand between. */
export function faultsEnabled(): boolean {
  return faults !== undefined;
}

/** Replaces what the environment said; for tests in the same process. `undefined` switches all points off. */
export function setFaults(text: string | undefined): void {
  faults = readEnvironment(text);
}

function strike(active: Map<FaultPoint, Fault>, point: FaultPoint): Promise<void> | undefined {
  const fault = active.get(point);
  if (fault === undefined) return undefined;
  fault.passed++;
  if (fault.nth !== 0 && fault.nth !== fault.passed) return undefined;
  return act(point, fault.action);
}

function act(point: FaultPoint, action: FaultAction): Promise<void> {
  if (action.kind === 'fail') throw new InjectedFault(point, action.errno);
  if (action.kind === 'crash') process.kill(process.pid, 'SIGKILL');
  return new Promise((resolve) => {
    // Without a limit the timer only keeps the process alive, as a hung call would.
    if (action.kind === 'stall' && action.ms !== undefined) setTimeout(resolve, action.ms);
    else setInterval(() => undefined, 60_000);
  });
}

/**
 * Reads the text of `DM_FAULT`.
 *
 * @throws Error when a point or an action is not known, so that a test with a typo cannot pass by accident.
 */
function readEnvironment(text: string | undefined): Map<FaultPoint, Fault> | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  const result = new Map<FaultPoint, Fault>();
  for (const part of text.split(',')) {
    const match = /^\s*([\w.-]+)=(crash|fail|stall)(?::(\d+))?(?:@(\d+))?\s*$/.exec(part);
    if (match === null) throw new Error(`DM_FAULT: cannot read "${part}"`);
    const [, point, kind, number, nth] = match;
    if (point === undefined || !isFaultPoint(point)) throw new Error(`DM_FAULT: no fault point "${point}"`);
    const value = number === undefined ? undefined : Number(number);
    result.set(point, { action: makeAction(kind, value), nth: nth === undefined ? 0 : Number(nth), passed: 0 });
  }
  return result;
}

function makeAction(kind: string | undefined, value: number | undefined): FaultAction {
  if (kind === 'fail') return value === undefined ? { kind: 'fail' } : { kind: 'fail', errno: value };
  if (kind === 'stall') return value === undefined ? { kind: 'stall' } : { kind: 'stall', ms: value };
  return { kind: 'crash' };
}

function isFaultPoint(name: string): name is FaultPoint {
  return Object.hasOwn(FAULT_POINTS, name);
}
