import { epubOf, pageOf, pdfOf, xlsxOf } from './makers.mjs';

const SCANNED = Array(3).fill('scan');
/** The first sector of Office's old container, in which files with a password are. */
const WITH_PASSWORD = Buffer.concat([Buffer.from('d0cf11e0a1b11ae1', 'hex'), Buffer.alloc(4_088)]);

/** A dozen files as people upload them by mistake. `files`: sound ones, some of which are damaged here. */
export function broken(files) {
  const half = (extension) => {
    const { bytes } = files.find(({ title }) => title.endsWith(extension));
    return bytes.subarray(0, Math.floor(bytes.length / 2));
  };
  return Object.entries({
    'half.docx': half('.docx'),
    'half.pdf': half('.pdf'),
    'half.epub': half('.epub'),
    'password.pdf': pdfOf([pageOf(['Nobody reads this.'])], { encrypted: true }),
    'password.docx': WITH_PASSWORD,
    'scanned.pdf': pdfOf(SCANNED),
    'no pages.pdf': pdfOf([]),
    'no bytes.txt': Buffer.alloc(0),
    'spaces.md': Buffer.from(' \n\t\n'.repeat(100)),
    'no rows.xlsx': xlsxOf([{ name: 'Empty', rows: [] }]),
    'no chapters.epub': epubOf('Empty', []),
    'picture.docx': Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'),
  }).map(([title, bytes]) => ({ title, bytes, built: true }));
}
