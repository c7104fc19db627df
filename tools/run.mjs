// What `npm test`, `npm run demo` and `npm run bench` do, from a fresh clone on: dependencies, build, real parts, then the
// work itself. Needs nothing but Node; prints each step with its duration.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const OLDEST_NODE = [20, 3];
/** vitest wants a later one. */
const OLDEST_NODE_FOR_TESTS = [20, 19];
/** npm writes the lock file and its hidden twin a moment apart. */
const LOCK_SKEW_MS = 5_000;
const COMPILED = ['src', 'workflows', 'activities', 'cli', 'tools', 'test'];
const PROJECTS = ['unit', 'integration', 'e2e'];
/** Real parts that a project needs. */
const PARTS = {
  unit: [],
  integration: ['mysql', 'mariadb', 'temporal', 'pt-osc'],
  e2e: ['mysql', 'mariadb', 'temporal'],
};

/** A failure that needs no stack trace. */
class StepError extends Error {}

const children = new Set();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    // From a terminal the children got it as well; each ends what it started, then we end with their exit.
    if (signal !== 'SIGINT') for (const child of children) child.kill(signal);
    if (children.size === 0) process.exit(130);
  });
}

function seconds(since) {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}

/** Runs a program in the repository's folder; resolves with its exit code. */
function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: ROOT,
      stdio: [options.interactive ? 'inherit' : 'ignore', 'inherit', 'inherit'],
      env: options.env ?? process.env,
      shell: options.shell ?? false,
    });
    children.add(child);
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      children.delete(child);
      resolve(signal ? 130 : code);
    });
  });
}

async function step(name, work) {
  const start = performance.now();
  console.log(`==> ${name}`);
  const result = await work();
  console.log(`    ${name}: ${seconds(start)}`);
  return result;
}

async function mustRun(sentence, command, args, options) {
  const code = await run(command, args, options);
  if (code === 130) process.exit(130);
  if (code !== 0) throw new StepError(sentence);
}

function checkNode(oldest) {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1])) return;
  throw new StepError(`Node ${oldest.join('.')} or later is needed, this is ${process.versions.node}.`);
}

function sha256(data) {
  return createHash('sha256').update(data).digest('hex');
}

/** Dependencies are there when the lock file is the one that they were installed from. */
async function ensureDependencies() {
  const lock = join(ROOT, 'package-lock.json');
  const marker = join(ROOT, 'node_modules', '.dm-lock-hash');
  const hidden = join(ROOT, 'node_modules', '.package-lock.json');
  const hash = sha256(readFileSync(lock));
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

/** Changes when any file that is compiled changes, comes or goes. */
function sourceState() {
  const hash = createHash('sha256');
  for (const file of ['package-lock.json', 'tsconfig.json', 'tools/bundle-workflows.mjs']) {
    hash.update(readFileSync(join(ROOT, file)));
  }
  const visit = (dir) => {
    for (const entry of readdirSync(join(ROOT, dir), { withFileTypes: true }).sort((a, b) =>
      a.name < b.name ? -1 : 1,
    )) {
      const path = `${dir}/${entry.name}`;
      if (entry.isDirectory()) visit(path);
      else if (entry.name.endsWith('.ts')) hash.update(path).update(readFileSync(join(ROOT, path)));
    }
  };
  for (const dir of COMPILED) visit(dir);
  return hash.digest('hex');
}

async function ensureBuild() {
  const stamp = join(ROOT, 'dist', '.built-from');
  const state = sourceState();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === state) return;
  await step('building', async () => {
    const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    await mustRun('The build failed: see the messages above.', process.execPath, [tsc, '-p', 'tsconfig.json']);
    await mustRun('The workflow bundle failed: see the messages above.', process.execPath, [
      'tools/bundle-workflows.mjs',
    ]);
    writeFileSync(stamp, state);
  });
}

async function ensureParts(names) {
  if (process.env.DM_TEST_SERVERS || names.length === 0) return;
  await step(`finding ${names.join(', ')}`, () =>
    mustRun('A part is missing: see the sentence above.', process.execPath, ['dist/tools/parts/resolve.js', ...names]),
  );
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
    if (code === 130) process.exit(130);
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
  const start = performance.now();
  const total = { passed: 0, failed: 0, code: 0 };
  for (const project of projects) {
    const result = await step(`${project} tests`, () => runProject(project, filters));
    total.passed += result.passed;
    total.failed += result.failed;
    total.code ||= result.code;
  }
  console.log(`    all tests: ${seconds(start)}`);
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
  test,
  demo: (args) => program('dist/tools/demo/main.js', args),
  bench: (args) => program('dist/test/bench/main.js', args),
  soak: (args) => program('dist/test/soak/main.js', args),
};

const [name = '', ...args] = process.argv.slice(2);
try {
  checkNode(name === 'test' ? OLDEST_NODE_FOR_TESTS : OLDEST_NODE);
  const command = COMMANDS[name];
  if (!command) throw new StepError(`usage: node tools/run.mjs ${Object.keys(COMMANDS).join('|')}`);
  process.exitCode = await command(args);
} catch (error) {
  if (!(error instanceof StepError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
