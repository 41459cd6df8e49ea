/** Required into a process that is watched: on SIGUSR2 it says what it holds, once the garbage is gone. */
const { writeSync } = require('node:fs');

process.on('SIGUSR2', () => {
  globalThis.gc();
  const { heapUsed, external, rss } = process.memoryUsage();
  const timers = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  writeSync(1, `figures ${JSON.stringify({ heapUsed, external, rss, timers })}\n`);
});
