import { startParsing } from '../support/documents/parse';
import { SAMPLES, WORDS } from '../support/documents/samples';
import { checkSpans } from '../support/documents/spans';
import { dist } from '../support/dist';

type Registry = typeof import('../../src/rag/parsers/registry');
type MediaTypeModule = typeof import('../../src/rag/media-type');

const { HEAD_BYTES, mediaTypeOf } = dist('rag/media-type') as MediaTypeModule;
const { FORMATS, ParserRegistry } = dist('rag/parsers/registry') as Registry;
const { parse, stop } = startParsing();
afterAll(stop);

const CODES = /^document_(encrypted|damaged|scanned|empty|too_complex)$/;

/** The code of its failure; null when there is a document, whose spans are checked. */
async function outcome(mediaType: string, bytes: Buffer): Promise<string | null> {
  try {
    checkSpans(await parse(mediaType, bytes));
    return null;
  } catch (error) {
    if ((error as Error).name !== 'DomainError') throw error;
    return (error as { code: string }).code;
  }
}

const registered = FORMATS.flatMap(({ mediaTypes }) => Object.keys(mediaTypes));

describe.each(registered)('parser of %s', (mediaType) => {
  const sample = SAMPLES[mediaType]!;

  it('reads a small file: its words in order, headings and pages', async () => {
    const document = await parse(mediaType, sample.bytes);
    const places = WORDS.map((word) => document.text.indexOf(word));
    expect(places).not.toContain(-1);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(document.headings.map(({ title }) => title)).toEqual(sample.headings);
    expect(document.pages).toHaveLength(sample.pages);
    checkSpans(document);
  });

  it('gets the files that are of its type', async () => {
    const found = await mediaTypeOf(sample.bytes.subarray(0, HEAD_BYTES), sample.name);
    expect(found).toBe(mediaType.replace(';profile=web-page', ''));
  });

  it('says of a file without bytes, of blanks and of noise what is wrong', async () => {
    const noise = Buffer.from(Array.from({ length: 5_000 }, (_, i) => (i * i * 31 + i * 7) % 256));
    expect(await outcome(mediaType, Buffer.alloc(0))).toMatch(CODES);
    expect(await outcome(mediaType, Buffer.from(' \n\n '))).toMatch(CODES);
    expect((await outcome(mediaType, noise)) ?? 'document_damaged').toMatch(CODES);
  });

  it('ends in a document or a clear failure when the file is cut off or has a wrong byte', async () => {
    const { bytes } = sample;
    for (let i = 1; i < 12; i++) {
      const at = Math.floor((bytes.length * i) / 12);
      const wrong = Buffer.from(bytes);
      wrong[at] = (wrong[at]! + 128) % 256;
      expect((await outcome(mediaType, bytes.subarray(0, at))) ?? 'document_damaged').toMatch(CODES);
      expect((await outcome(mediaType, wrong)) ?? 'document_damaged').toMatch(CODES);
    }
  });
});

describe('parser registry', () => {
  const load = () => Promise.reject(new Error('not loaded'));

  it('refuses two parsers for one media type, and two media types for one extension', () => {
    const one = { mediaTypes: { 'a/a': ['a'] }, load };
    expect(() => new ParserRegistry([one, { mediaTypes: { 'a/a': ['b'] }, load }])).toThrow('two parsers for a/a');
    expect(() => new ParserRegistry([one, { mediaTypes: { 'a/b': ['a'] }, load }])).toThrow('two media types for .a');
  });

  it('says so when there is no parser', async () => {
    await expect(parse('image/png', 'x')).rejects.toMatchObject({ code: 'unsupported_document' });
  });
});
