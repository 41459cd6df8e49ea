import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Packages whose documentation is in what they publish, and where. Some 230,000 words together. */
const PACKAGES = [
  { name: 'npm', version: '11.6.0', docs: 'docs/content' },
  { name: 'fastify', version: '5.6.0', docs: 'docs' },
  { name: 'pino', version: '10.4.0', docs: 'docs' },
  { name: 'undici', version: '8.12.4', docs: 'docs/docs' },
];

/** Names of uploaded files have no folders. */
export const titleOf = (path) => path.replaceAll('/', ' - ');

/** Every Markdown file of them: `{ title: 'npm - commands - npm-ci.md', bytes }`. */
export async function fetchDocuments() {
  const folder = mkdtempSync(join(tmpdir(), 'parley-rag-eval-'));
  try {
    const all = [];
    for (const { name, version, docs } of PACKAGES) {
      const { stdout } = await run('npm', ['pack', '--silent', `${name}@${version}`], { cwd: folder });
      await run('tar', ['-xzf', stdout.trim()], { cwd: folder });
      const root = join(folder, 'package', docs);
      const files = readdirSync(root, { recursive: true }).filter((file) => file.endsWith('.md'));
      all.push(
        ...files.sort().map((file) => ({ title: titleOf(`${name}/${file}`), bytes: readFileSync(join(root, file)) })),
      );
      rmSync(join(folder, 'package'), { recursive: true });
    }
    return all;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
