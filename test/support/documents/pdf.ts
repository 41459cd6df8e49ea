/** Text on a page; in points from the lower left corner. */
export interface PdfText {
  text: string;
  x: number;
  y: number;
  size?: number;
}

export interface PdfOptions {
  title?: string;
  /** Of the page tree, whatever is in it. */
  count?: number;
  /** Says that it is encrypted, with a password nobody knows. */
  encrypted?: boolean;
}

/** A grey pixel over the whole page: what a scanner makes, without its size. */
const IMAGE = 'q 612 0 0 792 0 0 cm BI /W 1 /H 1 /CS /G /BPC 8 ID \x80 EI Q';

/** A PDF 1.4 (ISO 32000-1) in Helvetica, an object for each page and its content. A page that is 'scan' is an image. */
export function pdfOf(pages: readonly (readonly PdfText[] | 'scan')[], options: PdfOptions = {}): Buffer {
  const objects: string[] = [];
  const first = 4;
  const kids = pages.map((_, i) => `${first + i * 2} 0 R`).join(' ');
  objects[1] = '<< /Type /Catalog /Pages 2 0 R >>';
  objects[2] = `<< /Type /Pages /Kids [${kids}] /Count ${options.count ?? pages.length} >>`;
  objects[3] = '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>';
  for (const [i, page] of pages.entries()) {
    const content = page === 'scan' ? IMAGE : page.map(shown).join('\n');
    const at = first + i * 2;
    objects[at] =
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >> /Contents ${at + 1} 0 R >>`;
    objects[at + 1] = `<< /Length ${content.length} >>\nstream\n${content}\nendstream`;
  }
  let trailer = '/Root 1 0 R';
  if (options.title !== undefined) {
    objects.push(`<< /Title (${escaped(options.title)}) >>`);
    trailer += ` /Info ${objects.length - 1} 0 R`;
  }
  if (options.encrypted) {
    const key = `<${'ab'.repeat(32)}>`;
    objects.push(`<< /Filter /Standard /V 2 /R 3 /Length 128 /P -4 /O ${key} /U ${key} >>`);
    trailer += ` /Encrypt ${objects.length - 1} 0 R /ID [<00> <00>]`;
  }
  return assembled(objects, trailer);
}

/** `lines` from top to bottom, as a page of a book. */
export const pageOf = (lines: readonly string[], { x = 72, top = 720, leading = 14, size = 11 } = {}): PdfText[] =>
  lines.map((text, i) => ({ text, x, y: top - i * leading, size }));

function assembled(objects: readonly string[], trailer: string): Buffer {
  let file = '%PDF-1.4\n';
  const offsets: number[] = [];
  for (let i = 1; i < objects.length; i++) {
    offsets[i] = file.length;
    file += `${i} 0 obj\n${objects[i]!}\nendobj\n`;
  }
  const table = offsets
    .slice(1)
    .map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`)
    .join('');
  const end = `xref\n0 ${objects.length}\n0000000000 65535 f \n${table}trailer\n<< /Size ${objects.length} ${trailer} >>\n`;
  return Buffer.from(`${file}${end}startxref\n${file.length}\n%%EOF\n`, 'latin1');
}

const shown = ({ text, x, y, size = 11 }: PdfText) => `BT /F1 ${size} Tf ${x} ${y} Td (${escaped(text)}) Tj ET`;

const escaped = (text: string) => text.replaceAll(/[\\()]/g, '\\$&');
