/**
 * Files of every kind that is parsed. Real ones: Markdown of `rag-eval/corpus.mjs`, and what the installed packages and
 * /usr/share/doc have. Where there are too few real ones of a format they are built of the same Markdown's text: all PPTX,
 * XLSX, CSV, EML and EPUB files, and PDF and DOCX files that are missing.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fetchDocuments } from '../rag-eval/corpus.mjs';
import { broken } from './broken.mjs';
import { BUILDERS, sectionsOf } from './builders.mjs';

/** Where real files are looked for, and how large they may be. */
const FOLDERS = [new URL('../../node_modules', import.meta.url).pathname, '/usr/share/doc'];
const BYTES = { least: 1_500, most: 60_000 };
const MARKDOWN = 34;
/** How many of each extension; those in BUILDERS are built where there are not enough. */
const WANTED = { html: 18, json: 14, txt: 14, pdf: 18, docx: 20, pptx: 10, xlsx: 8, csv: 10, eml: 12, epub: 8 };
const SOURCE_CODE = { ts: 5, mjs: 4, js: 4, css: 3, sql: 2, py: 1, go: 1, php: 1, sh: 1 };

/** `[{ title, bytes, built }]`: 188 files and a dozen broken ones; no two with the same title or the same bytes. */
export async function mixedFiles() {
  const fetched = await fetchDocuments();
  const texts = fetched.filter((_, i) => i % 5 !== 0).map(({ title, bytes }) => sectionsOf(title, bytes.toString()));
  const distinct = new Distinct();
  distinct.take(
    evenly(
      fetched.filter((_, i) => i % 5 === 0),
      MARKDOWN,
    ),
    MARKDOWN,
  );
  const found = filesByExtension();
  for (const [extension, count] of Object.entries({ ...WANTED, ...SOURCE_CODE })) {
    const real = distinct.take(read(found.get(extension) ?? [], count), count);
    const build = BUILDERS[extension];
    if (build) distinct.take(build(texts.splice(0, 2 * (count - real))), count - real);
  }
  return [...distinct.files, ...broken(distinct.files)];
}

class Distinct {
  files = [];
  #seen = new Set();

  /** Up to `most` of the files that are unlike all before. Returns how many. */
  take(files, most) {
    let taken = 0;
    for (const file of files) {
      if (taken === most) break;
      const hash = createHash('sha256').update(file.bytes).digest('hex');
      if (this.#seen.has(hash) || this.#seen.has(file.title)) continue;
      this.#seen.add(hash).add(file.title);
      this.files.push(file);
      taken++;
    }
    return taken;
  }
}

function filesByExtension() {
  const found = new Map();
  for (const folder of FOLDERS) {
    for (const path of readdirSync(folder, { recursive: true }).sort()) {
      const extension = /\.(\w+)$/.exec(path)?.[1];
      if (!found.has(extension)) found.set(extension, []);
      found.get(extension).push({ folder, path });
    }
  }
  return found;
}

/** More than `count`, as some may be like others; from all over the list. */
function* read(list, count) {
  const right = ({ folder, path }) => {
    const stats = statSync(join(folder, path), { throwIfNoEntry: false });
    return stats?.isFile() && stats.size >= BYTES.least && stats.size <= (path.endsWith('pdf') ? Infinity : BYTES.most);
  };
  const candidates = list.length < 10 * count ? list : evenly(list, 10 * count);
  for (const { folder, path } of evenly(candidates.filter(right), 2 * count))
    yield { title: path.split('/').slice(-4).join(' - '), bytes: readFileSync(join(folder, path)), built: false };
}

const evenly = (list, count) =>
  list.length <= count ? list : Array.from({ length: count }, (_, i) => list[Math.floor((i * list.length) / count)]);
