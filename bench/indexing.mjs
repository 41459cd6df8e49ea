/**
 * How fast documents become searchable and what that takes: pages a minute of a PDF of 500 pages from upload to ready, and
 * the most memory that the worker and its parser had resident for text files of several sizes, each with a worker of its
 * own; all with `local/hash-384`, on the embedded PostgreSQL, with jobs in PostgreSQL. Linux; fetches packages for their
 * documentation.
 * Usage: npm run bench:indexing [-- --pages 500 --rounds 3 --megabytes 1,5,20]
 */
import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { fetchDocuments } from './rag-eval/corpus.mjs';
import { signUp } from './rag-eval/parley.mjs';
import { pagesOf, sectionsOf } from './soak-rag/builders.mjs';
import { Fleet, parsersOf, stop } from './soak-rag/fleet.mjs';
import { pdfOf } from './soak-rag/makers.mjs';

const { values } = parseArgs({
  options: {
    pages: { type: 'string', default: '500' },
    rounds: { type: 'string', default: '3' },
    megabytes: { type: 'string', default: '1,5,20' },
  },
});
const LOOK_MS = 20;
const MB = 1024 * 1024;

/** Starts with `number`, so that no two are the same, and goes on as long as it takes. */
function* endless(list, number) {
  for (let round = number; ; round++) for (const one of list) yield { ...one, round };
}

function pdf(documents, pages, number) {
  const all = [];
  for (const { title, bytes, round } of endless(documents, number)) {
    all.push(...pagesOf(sectionsOf(`${title} ${round}`, bytes.toString())));
    if (all.length >= pages) return pdfOf(all.slice(0, pages));
  }
}

function text(documents, size) {
  const parts = [];
  let length = 0;
  for (const { title, bytes, round } of endless(documents, 0)) {
    const part = Buffer.concat([Buffer.from(`${title} ${round}\n\n`), bytes]);
    parts.push(part);
    if ((length += part.length) >= size) return Buffer.concat(parts).subarray(0, size);
  }
}

/** The most a process ever had resident, in bytes; 0 when it is gone. */
function peakOf(pid) {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

async function watchParsers(worker, signal) {
  let most = 0;
  while (!signal.aborted) {
    most = Math.max(most, ...parsersOf(worker).map(peakOf));
    await wait(LOOK_MS);
  }
  return most;
}

const fleet = await Fleet.begin();
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void fleet.end().then(() => process.exit(130)));
try {
  const documents = await fetchDocuments();
  const parley = await signUp(fleet.url, 'bench');

  /** In a collection of its own. Returns how long it took, in milliseconds, and the document. */
  const index = async (title, bytes) => {
    const collection = await parley.collection({ strategy: 'recursive', size: 512 });
    const begin = performance.now();
    await parley.upload(collection, [{ title, bytes }]);
    const [document] = await parley.settled(collection);
    if (document.status !== 'ready') throw new Error(`${title}: ${JSON.stringify(document.error)}`);
    return { ms: performance.now() - begin, document };
  };

  const worker = await fleet.startWorker();
  for (let round = 0; round <= Number(values.rounds); round++) {
    const bytes = pdf(documents, Number(values.pages), round);
    const { ms, document } = await index('book.pdf', bytes);
    console.log(
      `${round === 0 ? 'first' : `round ${round}`}: ${document.pages} pages, ${document.chunks} chunks ready after ${(ms / 1_000).toFixed(1)} s: ${((document.pages / ms) * 60_000).toFixed(0)} pages/minute`,
    );
  }
  await stop(worker);

  const rows = [];
  for (const megabytes of values.megabytes.split(',').map(Number)) {
    const own = await fleet.startWorker(0);
    const idle = peakOf(own.child.pid);
    const over = new AbortController();
    const parser = watchParsers(own, over.signal);
    const { ms, document } = await index('text.txt', text(documents, megabytes * MB));
    over.abort();
    const mb = (size) => Math.round(size / MB);
    rows.push({
      'text, MB': megabytes,
      chunks: document.chunks,
      'seconds to ready': (ms / 1_000).toFixed(1),
      'worker before, MB': mb(idle),
      'worker at most, MB': mb(peakOf(own.child.pid)),
      'parser at most, MB': mb(await parser),
    });
    await stop(own);
  }
  console.table(rows);
} finally {
  await fleet.end();
}
