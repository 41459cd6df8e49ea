import { readFile } from 'node:fs/promises';
import PostalMime, { type Address } from 'postal-mime';
import { type ParsedDocument } from '../parsed.types';
import { documentTooComplex } from '../parsing.errors';
import { DocumentWriter } from './document-writer';
import { parseHtml } from './dom';
import { writeFlow } from './flow';
import { type Parser, type SourceFile } from './parser.types';

const LIMITS = { maxNestingDepth: 50, maxHeadersSize: 1024 * 1024 };

/** A mail (RFC 5322, MIME): who wrote whom and when, its text, and the names of what is attached. */
export const parser: Parser = {
  async parse({ path }: SourceFile): Promise<ParsedDocument> {
    const mail = await PostalMime.parse(await readFile(path), LIMITS).catch((error: unknown) => {
      throw documentTooComplex(`Its parts are over a limit: ${(error as Error).message}.`);
    });
    const writer = new DocumentWriter().heading(1, mail.subject ?? '');
    const facts: [string, string | undefined][] = [
      ['From', people(mail.from ? [mail.from] : [])],
      ['To', people(mail.to)],
      ['Cc', people(mail.cc)],
      ['Date', mail.date],
      ['Attachments', mail.attachments.flatMap(({ filename }) => filename ?? []).join(', ')],
    ];
    for (const [name, value] of facts) if (value) writer.line().write(`${name}: ${value}`);
    writer.paragraph();
    if (mail.text?.trim()) writer.write(mail.text.replaceAll(/\r\n?/g, '\n'));
    else if (mail.html) writeFlow(parseHtml(mail.html).documentElement, writer);
    return writer.finish(mail.subject);
  },
};

function people(addresses: readonly Address[] = []): string {
  return addresses
    .flatMap((one) => one.group ?? one)
    .map(({ name, address }) => (name === '' ? address : `${name} <${address}>`))
    .join(', ');
}
