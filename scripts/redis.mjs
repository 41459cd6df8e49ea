/**
 * Prints the path of a redis-server, for tests and for trying out several replicas. Without one on the PATH, root on
 * Debian or Ubuntu gets it from apt: the package `redis-tools`, whose redis-check-rdb is the server under another name,
 * because `redis-server` would start a service and leave it running.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const LINKED = join(import.meta.dirname, '../node_modules/.cache/parley/redis-server');

const onPath = (program) =>
  (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, program))
    .find(existsSync);

function isServer(program) {
  try {
    return execFileSync(program, ['--version'], { encoding: 'utf8' }).startsWith('Redis server');
  } catch {
    return false; // it is no program for this machine
  }
}

function install() {
  if (process.getuid?.() !== 0 || !onPath('apt-get')) return;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (...args) => execFileSync('apt-get', ['-qq', ...args], { env, stdio: ['ignore', 2, 2] });
  apt('update');
  apt('install', '-y', '--no-install-recommends', 'redis-tools');
}

function fromTools() {
  const tool = onPath('redis-check-rdb');
  if (!tool) return null;
  mkdirSync(join(LINKED, '..'), { recursive: true });
  rmSync(LINKED, { force: true });
  symlinkSync(tool, LINKED);
  return LINKED;
}

function find() {
  const found = onPath('redis-server') ?? fromTools();
  return found && isServer(found) ? found : null;
}

let server = find();
if (!server) {
  try {
    install();
    server = find();
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
  }
}
if (!server) {
  process.stderr.write('The tests need redis-server 6.2 or newer on the PATH: install it (apt, brew or dnf: redis).\n');
  process.exit(1);
}
process.stdout.write(`${server}\n`);
