import { unsupportedDocument } from '../parsing.errors';
import { type Parser } from './parser.types';
import { WEB_PAGE } from './web-page';

const OFFICE = 'application/vnd.openxmlformats-officedocument';
export const DOCX = `${OFFICE}.wordprocessingml.document`;
export const PPTX = `${OFFICE}.presentationml.presentation`;
export const XLSX = `${OFFICE}.spreadsheetml.sheet`;
export const EPUB = 'application/epub+zip';
export const PDF = 'application/pdf';

/** A family of formats. */
export interface Format {
  /** Its media types, each with the extensions of names that mean it; bytes say what is not text. */
  mediaTypes: Readonly<Record<string, readonly string[]>>;
  /** Loaded when the first file of it is parsed. */
  load: () => Promise<{ parser: Parser }>;
}

/** Adding a parser: its file, and an entry here. */
export const FORMATS: readonly Format[] = [
  { mediaTypes: { [PDF]: ['pdf'] }, load: () => import('./pdf.parser.js') },
  { mediaTypes: { [DOCX]: ['docx', 'docm'] }, load: () => import('./docx.parser.js') },
  { mediaTypes: { [PPTX]: ['pptx', 'pptm', 'ppsx'] }, load: () => import('./pptx.parser.js') },
  { mediaTypes: { [XLSX]: ['xlsx', 'xlsm'] }, load: () => import('./xlsx.parser.js') },
  { mediaTypes: { [EPUB]: ['epub'] }, load: () => import('./epub.parser.js') },
  {
    mediaTypes: { 'text/html': ['html', 'htm', 'xhtml'], [WEB_PAGE]: [] },
    load: () => import('./html.parser.js'),
  },
  { mediaTypes: { 'text/markdown': ['md', 'markdown', 'mdx'] }, load: () => import('./markdown.parser.js') },
  {
    mediaTypes: { 'text/csv': ['csv'], 'text/tab-separated-values': ['tsv', 'tab'] },
    load: () => import('./csv.parser.js'),
  },
  {
    mediaTypes: { 'application/json': ['json', 'geojson'], 'application/x-ndjson': ['ndjson', 'jsonl'] },
    load: () => import('./json.parser.js'),
  },
  { mediaTypes: { 'message/rfc822': ['eml'] }, load: () => import('./eml.parser.js') },
  {
    mediaTypes: {
      'text/javascript': ['js', 'mjs', 'cjs', 'jsx', 'ts', 'mts', 'cts', 'tsx'],
      'text/x-python': ['py', 'pyi'],
      'text/x-go': ['go'],
      'text/x-rust': ['rs'],
      'text/x-java': ['java', 'kt', 'kts', 'cs', 'scala', 'swift'],
      'text/x-ruby': ['rb'],
      'text/x-php': ['php'],
      'text/x-shellscript': ['sh', 'bash', 'zsh'],
      'text/x-c': ['c', 'h', 'cc', 'cpp', 'cxx', 'hpp'],
      'text/css': ['css', 'scss', 'less'],
      'application/sql': ['sql'],
      'text/xml': ['xml', 'xsd', 'xsl', 'svg'],
    },
    load: () => import('./code.parser.js'),
  },
  {
    mediaTypes: { 'text/plain': ['txt', 'text', 'log', 'rst', 'adoc', 'tex', 'yaml', 'yml', 'toml', 'ini'] },
    load: () => import('./plain-text.parser.js'),
  },
];

/** Refuses two parsers for one media type, and two media types for one extension. */
export class ParserRegistry {
  private readonly byType = new Map<string, Format>();
  private readonly byExtension = new Map<string, string>();

  constructor(formats: readonly Format[]) {
    for (const format of formats) {
      for (const [mediaType, extensions] of Object.entries(format.mediaTypes)) {
        if (this.byType.has(mediaType)) throw new Error(`two parsers for ${mediaType}`);
        this.byType.set(mediaType, format);
        for (const extension of extensions) {
          if (this.byExtension.has(extension)) throw new Error(`two media types for .${extension}`);
          this.byExtension.set(extension, mediaType);
        }
      }
    }
  }

  has(mediaType: string): boolean {
    return this.byType.has(mediaType);
  }

  /** Throws `unsupported_document`. */
  async parserOf(mediaType: string): Promise<Parser> {
    const format = this.byType.get(mediaType);
    if (!format) throw unsupportedDocument(mediaType);
    return (await format.load()).parser;
  }

  /** What a name means by its extension; null when that says nothing. */
  mediaTypeOf(name: string): string | null {
    return this.byExtension.get(/\.([a-z0-9]{1,10})$/i.exec(name)?.[1]?.toLowerCase() ?? '') ?? null;
  }

  /** The extension files of that type usually have; null for one without a parser. */
  extensionOf(mediaType: string): string | null {
    return this.byType.get(mediaType)?.mediaTypes[mediaType]?.[0] ?? null;
  }
}

export const parsers = new ParserRegistry(FORMATS);
