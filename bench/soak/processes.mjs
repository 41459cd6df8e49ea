import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';

const root = new URL('../..', import.meta.url).pathname;
const children = new Set();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

/** Starts a program; resolves when a line it says matches `ready`. `lines` are all it says. */
export async function start(program, args, env, ready, cwd = root) {
  const options = { cwd, env: { PATH: process.env.PATH, ...env }, stdio: ['ignore', 'pipe', 'inherit'] };
  const child = spawn(program, args, options);
  children.add(child);
  const lines = [];
  const found = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line);
      const match = ready.exec(line);
      if (match) resolve(match);
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${args[0]} exited with ${code}:\n${lines.join('\n')}`)));
  });
  return { child, lines, port: found[1] };
}

export async function stopAll() {
  const running = [...children].reverse();
  for (const child of running) {
    children.delete(child);
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  }
}

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** What a process with `figures.cjs` holds: bytes, timers that wait, open files and sockets. */
export async function figuresOf({ child, lines }) {
  const before = lines.length;
  child.kill('SIGUSR2');
  const said = () => lines.slice(before).find((line) => line.startsWith('figures '));
  for (let tries = 0; tries < 200 && !said(); tries++) await new Promise((done) => setTimeout(done, 50));
  const { heapUsed, external, rss, timers } = JSON.parse(said().slice(8));
  const mb = (bytes) => Math.round(bytes / 1e6);
  return { heapMb: mb(heapUsed), externalMb: mb(external), rssMb: mb(rss), timers, files: filesOf(child.pid) };
}

const filesOf = (pid) => (process.platform === 'linux' ? readdirSync(`/proc/${pid}/fd`).length : 0);
