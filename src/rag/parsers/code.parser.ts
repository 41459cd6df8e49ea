import { type ParsedDocument } from '../parsed.types';
import { readText } from './decode';
import { DocumentWriter } from './document-writer';
import { linesOf } from './lines';
import { type Parser, type SourceFile } from './parser.types';

/** Declarations that begin a line without indentation, by media type. Languages that are not here have no headings. */
const DECLARATIONS: Readonly<Record<string, RegExp>> = {
  'text/javascript':
    /^(?:export )?(?:default )?(?:declare )?(?:abstract )?(?:async )?(?:function\*?|class|interface|enum|type|namespace|const) [\w$]+/,
  'text/x-python': /^(?:async )?(?:def|class) \w+/,
  'text/x-go': /^(?:func (?:\([^)]{0,100}\) )?|type )\w+/,
  'text/x-rust':
    /^(?:pub(?:\([\w ]{1,40}\))? )?(?:unsafe |async |const )*(?:fn|struct|enum|trait|mod|type|impl)\b[^{;(]{0,100}/,
  'text/x-java':
    /^(?:(?:public|internal|private|protected|abstract|final|static|sealed|open|data|partial) )*(?:class|interface|enum|record|object|struct|namespace|@interface|fun) [\w.]+/,
  'text/x-ruby': /^(?:class|module|def) [\w.:?!]+/,
  'text/x-php': /^(?:(?:abstract|final|readonly) )*(?:class|interface|trait|enum|function) \w+/,
  'text/x-shellscript': /^(?:function )?[\w-]+ ?\(\)/,
};

/** The text as it is; what is declared at its top level are its headings. */
export const parser: Parser = {
  async parse({ path, mediaType }: SourceFile): Promise<ParsedDocument> {
    const text = await readText(path);
    const writer = new DocumentWriter().write(text);
    const declaration = DECLARATIONS[mediaType];
    if (declaration) {
      for (const { line, start } of linesOf(text)) {
        const found = declaration.exec(line)?.[0].trim();
        if (found) writer.mark(1, found, start);
      }
    }
    return writer.finish();
  },
};
