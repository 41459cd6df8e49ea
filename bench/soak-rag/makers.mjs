import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import ts from 'typescript';

/** Loads the makers of documents that the tests have; they are TypeScript. */
const load = createRequire(import.meta.url);
load.extensions['.ts'] = (module, file) => {
  const compilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2023 };
  module._compile(ts.transpileModule(readFileSync(file, 'utf8'), { compilerOptions }).outputText, file);
};

const documents = '../../test/support/documents';
export const { docxOf, pptxOf, xlsxOf } = load(`${documents}/office.ts`);
export const { emlOf } = load(`${documents}/eml.ts`);
export const { epubOf } = load(`${documents}/epub.ts`);
export const { pageOf, pdfOf } = load(`${documents}/pdf.ts`);
export const { escapeXml } = load(`${documents}/zip.ts`);
