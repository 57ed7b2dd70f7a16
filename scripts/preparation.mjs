// From a fresh clone to a built engine: each step looks first whether there is anything to do.
import {
  accessSync,
  constants,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { PreparationError, ROOT, runQuietly, say } from './steps.mjs';

const NODE_NEEDED = [20, 19];
const BUILT_MARK = join(ROOT, 'dist', '.built');

/**
 * Does what is missing: packages, redis-server, the build.
 * @param {{needsRedisServer: boolean}} needs whether a redis-server on the PATH is needed
 * What cannot be had ends the process with exit code 1, and says the ways out.
 */
export async function prepare({ needsRedisServer }) {
  try {
    checkNode(process.versions.node);
    if (packagesAreMissing()) await installPackages();
    if (needsRedisServer && !isOnPath('redis-server')) await installRedis();
    if (buildIsOld()) await build();
  } catch (error) {
    if (!(error instanceof PreparationError)) throw error;
    say(error.message);
    process.exit(1);
  }
}

function checkNode(version) {
  const [major, minor] = version.split('.').map(Number);
  const [neededMajor, neededMinor] = NODE_NEEDED;
  if (major > neededMajor || (major === neededMajor && minor >= neededMinor)) return;
  throw new PreparationError(
    `Node ${NODE_NEEDED.join('.')} or later is needed; this is ${version}. See https://nodejs.org/en/download.`,
  );
}

/** Compares what npm says it has installed with what the lock file asks for; times say nothing after a clone. */
function packagesAreMissing() {
  const installedPath = join(ROOT, 'node_modules', '.package-lock.json');
  if (!existsSync(installedPath)) return true;
  const installed = JSON.parse(readFileSync(installedPath, 'utf8')).packages;
  const wanted = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).packages;
  const isAsWanted = ([path, entry]) => {
    const found = installed[path];
    // An optional package may be one for other machines; the empty path is the project itself.
    if (found === undefined) return path === '' || entry.optional === true || entry.devOptional === true;
    return found.version === entry.version && found.integrity === entry.integrity;
  };
  return (
    !Object.entries(wanted).every(isAsWanted) || Object.keys(installed).some((path) => !(path in wanted))
  );
}

async function installPackages() {
  say('installing the packages (npm ci)');
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  // Under `npm start` the very npm that runs is known; called by hand, it is the one on the PATH.
  const npm = process.env.npm_execpath;
  if (npm?.endsWith('.js')) await runQuietly('npm ci', process.execPath, [npm, ...args]);
  else await runQuietly('npm ci', 'npm', args);
}

async function installRedis() {
  const waysOut =
    'Install it (Debian: apt-get install redis-server; macOS: brew install redis), ' +
    'or set REDIS_URL to a running one, or use "docker compose up".';
  if (!isOnPath('apt-get') || process.getuid?.() !== 0) {
    throw new PreparationError(`There is no redis-server on the PATH. ${waysOut}`);
  }
  say('installing redis-server (apt-get)');
  // The engine runs its own, on a socket: run level 1 keeps the package from starting the system's service.
  const env = { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  try {
    await runQuietly('apt-get update', 'apt-get', ['update'], env);
    await runQuietly(
      'apt-get install',
      'apt-get',
      ['install', '-y', '--no-install-recommends', 'redis-server'],
      env,
    );
  } catch (error) {
    throw new PreparationError(`redis-server could not be installed. ${waysOut}\n${error.message}`);
  }
  if (!isOnPath('redis-server')) {
    throw new PreparationError(`apt-get has installed redis-server, but it is not on the PATH. ${waysOut}`);
  }
}

function isOnPath(program) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return folder !== '';
    } catch {
      return false;
    }
  });
}

/** The mark is written after a build without errors; tsc's own files are also there after one with errors. */
function buildIsOld() {
  if (!existsSync(BUILT_MARK) || !existsSync(join(ROOT, 'dist', 'main.js'))) return true;
  const packages = readdirSync(join(ROOT, 'packages')).map((name) => join('packages', name));
  const sources = ['src', ...packages.flatMap((path) => [join(path, 'src'), join(path, 'tsconfig.json')])];
  const settings = ['tsconfig.json', 'tsconfig.base.json', 'package-lock.json'];
  return newestMs([...sources, ...settings]) > statSync(BUILT_MARK).mtimeMs;
}

/** Folders count too: their time tells that a file has come or gone. */
function newestMs(paths) {
  return Math.max(
    0,
    ...paths.map((path) => {
      const absolute = join(ROOT, path);
      const found = statSync(absolute, { throwIfNoEntry: false });
      if (found === undefined || !found.isDirectory()) return found?.mtimeMs ?? 0;
      return Math.max(found.mtimeMs, newestMs(readdirSync(absolute).map((name) => join(path, name))));
    }),
  );
}

async function build() {
  say('building (tsc)');
  const startedAt = new Date();
  await runQuietly('The build', process.execPath, [
    join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'),
    '-b',
  ]);
  // A source that changed while the build ran must count as newer.
  writeFileSync(BUILT_MARK, '');
  utimesSync(BUILT_MARK, startedAt, startedAt);
}
