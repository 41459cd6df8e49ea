import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { startParsing } from '../support/documents/parse';
import { pageOf, pdfOf } from '../support/documents/pdf';
import { until } from '../support/until';

const MB = 1024 * 1024;
const book = pdfOf(
  Array.from({ length: 400 }, (_, i) =>
    pageOf(Array.from({ length: 40 }, (_, j) => `page ${i + 1} line ${j} of the book`)),
  ),
);
const PDF = 'application/pdf';

/** Ids of the processes this one started that parse. */
const parserIds = (parent = process.pid) =>
  execFileSync('ps', ['-e', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, ppid, ...args]) => Number(ppid) === parent && args.join(' ').includes('parser-process.main'))
    .map(([pid]) => Number(pid));

/** How `ps` describes it; null when it is gone, and whoever started it has heard so. */
function listed(pid: number): string | null {
  try {
    return execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return null;
  }
}

describe('parsing in processes', () => {
  it('tells how far it is, rising, and what it made of the file is whole', async () => {
    const { parse, stop } = startParsing();
    const heard: number[] = [];
    const document = await parse(PDF, book, undefined, (percent) => heard.push(percent));
    expect(document.pages).toHaveLength(400);
    for (const { page, start, end } of document.pages) {
      expect(document.text.slice(start, end)).toMatch(
        new RegExp(`^page ${page} line 0 .*\\n(.*\\n)*page ${page} line 39 of the book\\s*$`),
      );
    }
    expect(heard.length).toBeGreaterThan(1);
    expect(heard).toEqual([...new Set(heard)].sort((a, b) => a - b));
    await stop();
  });

  it('gives back a large text as it is', async () => {
    const { parse, stop } = startParsing();
    const text = 'Zeile mit Umlaut ä, € und 𝄞.\n'.repeat(1_000_000);
    expect((await parse('text/plain', text)).text === text).toBe(true);
    expect((await parse('text/plain', 'short')).text).toBe('short');
    await stop();
  });

  it('ends a parser that takes too long, and reads the next file', async () => {
    const { parse, stop } = startParsing({ timeout: 300 });
    await expect(parse(PDF, book)).rejects.toMatchObject({ code: 'parsing_timed_out' });
    await until(() => parserIds().length === 0);
    await stop();
  });

  it('ends a parser at once when nobody wants the document any more', async () => {
    const { parse, stop } = startParsing();
    const leaving = new AbortController();
    const parsed = parse(PDF, book, leaving.signal, () => leaving.abort(new Error('not wanted')));
    await expect(parsed).rejects.toThrow('not wanted');
    expect(parserIds()).toEqual([]);
    await expect(parse(PDF, book, AbortSignal.abort(new Error('never wanted')))).rejects.toThrow('never wanted');
    await stop();
  });

  it('has no more parsers than it may, and lets the others wait or leave', async () => {
    const { parse, stop } = startParsing({ processes: 2 });
    const leaving = new AbortController();
    const wanted = Array.from({ length: 5 }, (_, i) => parse('text/plain', `text ${i}`));
    const left = parse('text/plain', 'unwanted', leaving.signal);
    leaving.abort(new Error('not wanted'));
    await expect(left).rejects.toThrow('not wanted');
    expect(parserIds()).toHaveLength(2);
    expect((await Promise.all(wanted)).map(({ text }) => text)).toEqual(wanted.map((_, i) => `text ${i}`));
    expect(parserIds()).toHaveLength(2);
    await stop();
    expect(parserIds()).toEqual([]);
  });

  it('survives a parser that is killed, whether it reads or rests', async () => {
    const { parse, stop } = startParsing();
    const parsed = parse(PDF, book, undefined, () => parserIds().forEach((pid) => process.kill(pid, 'SIGSEGV')));
    await expect(parsed).rejects.toMatchObject({ code: 'document_damaged' });
    await parse('text/plain', 'x');
    const [resting] = parserIds();
    process.kill(resting!, 'SIGKILL');
    await until(() => !listed(resting!));
    expect((await parse('text/plain', 'next')).text).toBe('next');
    await stop();
  });

  it('tells those who wait that the server stops, and leaves no process', async () => {
    const { parse, stop } = startParsing();
    let begun: () => void;
    const reading = new Promise<void>((done) => (begun = done));
    const failures = [parse(PDF, book, undefined, () => begun()), parse(PDF, book)].map((parsed) =>
      parsed.catch((error: unknown) => (error as Error).name),
    );
    await reading;
    await stop();
    expect(await Promise.all(failures)).toEqual(['Interrupted', 'Interrupted']);
    expect(parserIds()).toEqual([]);
    await expect(parse('text/plain', 'x')).rejects.toMatchObject({ name: 'Interrupted' });
  });

  it('knows nothing of our environment', async () => {
    process.env['PARLEY_SECRET'] = 'secret';
    const { parse, stop } = startParsing();
    await parse('text/plain', 'x');
    const [pid] = parserIds();
    const shown = execFileSync('ps', ['eww', '-p', String(pid)], { encoding: 'utf8' });
    expect(shown).toContain('parser-process.main');
    expect(shown).not.toContain('PARLEY_SECRET');
    await stop();
  });

  it('ends with the process that started it, even if it is busy', async () => {
    const module = join(__dirname, '../../dist/rag/parsing.service.js');
    const script = `
      const { ParsingService } = require(${JSON.stringify(module)});
      const { writeFileSync } = require('node:fs');
      const path = '${process.env['TMPDIR'] ?? '/tmp'}/parley-busy-' + process.pid;
      writeFileSync(path, '<p>' + '<'.repeat(20_000_000));
      const service = new ParsingService({ yaml: { parsing: { processes: 1, timeout: 600_000, memory: 4_000 * ${MB} } } });
      void service.parse({ path, name: 'a', mediaType: 'text/html' }, new AbortController().signal, () => undefined);
      setTimeout(() => console.log('busy'), 500);`;
    const parent = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(createInterface({ input: parent.stdout }), 'line');
    const [pid] = parserIds(parent.pid);
    expect(pid).toBeDefined();
    parent.kill('SIGKILL');
    await until(() => listed(pid!)?.startsWith('Z') ?? true); // nobody may be there to hear that it ended
  });
});
