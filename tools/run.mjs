// What `npm test`, `npm run demo`, `npm run bench`, `npm run soak` and `.ci/run` do, from a fresh clone on: dependencies,
// build, real parts, then the work itself. Needs nothing but Node; prints each step with its duration.
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, isBuilt } from './build.mjs';
import { ROOT, StepError, mustRun, run, step, times } from './steps.mjs';

/** npm writes the lock file and its hidden twin a moment apart. */
const LOCK_SKEW_MS = 5_000;
const PROJECTS = ['unit', 'integration', 'e2e'];
/** Real parts that a project needs. */
const PARTS = {
  unit: [],
  integration: ['mysql', 'mariadb', 'temporal', 'pt-osc'],
  e2e: ['mysql', 'mariadb', 'temporal'],
};

/** The product runs with less than its tests do: vitest and vite have limits of their own. */
function checkNode(command) {
  const { node } = process.versions;
  const [major, minor] = node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 3)) throw new StepError(`Node 20.3 or later is needed, this is ${node}.`);
  const runsVitest = major === 20 ? minor >= 19 : major === 22 ? minor >= 12 : major > 22;
  if (command !== 'test' || runsVitest) return;
  throw new StepError(
    `npm test needs Node 20.19 or later, 22.12 or later of Node 22 (the test runner wants it; the product itself runs with 20.3), this is ${node}.`,
  );
}

/** Dependencies are there when the lock file is the one that they were installed from. */
async function ensureDependencies() {
  const lock = join(ROOT, 'package-lock.json');
  const marker = join(ROOT, 'node_modules', '.dm-lock-hash');
  const hidden = join(ROOT, 'node_modules', '.package-lock.json');
  const hash = createHash('sha256').update(readFileSync(lock)).digest('hex');
  if (existsSync(marker) && readFileSync(marker, 'utf8') === hash) return;
  const installedByHand = existsSync(hidden) && statSync(hidden).mtimeMs + LOCK_SKEW_MS >= statSync(lock).mtimeMs;
  if (!installedByHand) {
    await step('installing dependencies (npm ci)', () =>
      mustRun(
        'npm ci failed: see its message above; it needs the npm registry once.',
        'npm',
        ['ci', '--include=dev', '--ignore-scripts', '--no-audit', '--no-fund'],
        { shell: process.platform === 'win32' },
      ),
    );
  }
  writeFileSync(marker, hash);
}

async function ensureBuild() {
  if (!isBuilt()) await step('building', () => build());
}

async function ensureParts(names) {
  if (process.env.DM_TEST_SERVERS || names.length === 0) return;
  await step(`finding ${names.join(', ')}`, () =>
    mustRun('A part is missing: see the sentence above.', process.execPath, ['dist/tools/parts/resolve.js', ...names]),
  );
}

/** What needs no tests to be found wrong: types, lint rules, form. */
async function check() {
  await ensureDependencies();
  const tool = (...path) => join('node_modules', ...path);
  const checks = {
    types: [tool('typescript', 'bin', 'tsc'), '-p', 'tsconfig.json', '--noEmit'],
    lint: [tool('oxlint', 'bin', 'oxlint'), '--type-aware', '--deny-warnings'],
    format: [tool('prettier', 'bin', 'prettier.cjs'), '--check', '--log-level=warn', '.'],
  };
  for (const [name, args] of Object.entries(checks)) {
    await step(name, () => mustRun(`${name}: see the findings above.`, process.execPath, args));
  }
  return 0;
}

/** Tests use the Temporal that they start, whatever a user's environment and configuration file say. */
function testEnvironment(dir) {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TEMPORAL_')));
  return { ...env, TEMPORAL_CONFIG_FILE: join(dir, 'none.toml') };
}

/** Runs one vitest project; answers what it counted. */
async function runProject(project, filters) {
  const dir = mkdtempSync(join(tmpdir(), 'dm-test-'));
  const output = join(dir, 'result.json');
  const args = [join('node_modules', 'vitest', 'vitest.mjs'), 'run', '--project', project, '--passWithNoTests'];
  args.push('--reporter=default', '--reporter=json', `--outputFile.json=${output}`, ...filters);
  try {
    const code = await run(process.execPath, args, { env: testEnvironment(dir) });
    if (!existsSync(output)) return { passed: 0, failed: 1, code: code || 1 };
    const result = JSON.parse(readFileSync(output, 'utf8'));
    // A file that cannot be loaded has no tests of its own; it counts as one failure.
    const broken = result.testResults.filter((f) => f.status === 'failed' && f.assertionResults.length === 0).length;
    return { passed: result.numPassedTests, failed: result.numFailedTests + broken, code };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function test(args) {
  const named = args.filter((a) => PROJECTS.includes(a));
  const filters = args.filter((a) => !PROJECTS.includes(a));
  const projects = named.length > 0 ? named : PROJECTS;
  await ensureDependencies();
  await ensureBuild();
  await ensureParts([...new Set(projects.flatMap((p) => PARTS[p]))]);
  const total = { passed: 0, failed: 0, code: 0 };
  for (const project of projects) {
    const result = await step(`${project} tests`, () => runProject(project, filters));
    total.passed += result.passed;
    total.failed += result.failed;
    total.code ||= result.code;
  }
  console.log(times().join('\n'));
  console.log(`${total.passed} passed, ${total.failed} failed`);
  return total.failed > 0 ? 1 : total.code;
}

/** Runs a compiled program that finds its own parts. */
async function program(file, args) {
  await ensureDependencies();
  await ensureBuild();
  return run(process.execPath, [file, ...args], { interactive: true });
}

const COMMANDS = {
  check,
  test,
  demo: (args) => program('dist/tools/demo/main.js', args),
  bench: (args) => program('dist/test/bench/main.js', args),
  soak: (args) => program('dist/test/soak/main.js', args),
};

const [name = '', ...args] = process.argv.slice(2);
try {
  checkNode(name);
  const command = COMMANDS[name];
  if (!command) throw new StepError(`usage: node tools/run.mjs ${Object.keys(COMMANDS).join('|')}`);
  process.exitCode = await command(args);
} catch (error) {
  if (!(error instanceof StepError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
