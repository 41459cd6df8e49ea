import { workerData } from 'node:worker_threads';

const LOOK_MS = 1_000;

/** In a thread of its own, because a parser may be busy for long: ends the process when who started it is gone. */
setInterval(() => {
  if (process.ppid !== workerData) process.kill(process.pid, 'SIGKILL');
}, LOOK_MS);
