import { mediaTypeOf } from './media-type';

const OFFICE = 'application/vnd.openxmlformats-officedocument';
const local = (name: string, content = '') => {
  const head = Buffer.alloc(30);
  head.write('PK\x03\x04', 'latin1');
  head.writeUInt16LE(name.length, 26);
  return Buffer.concat([head, Buffer.from(name + content)]);
};
const compound = Buffer.from(`d0cf11e0a1b11ae1${'00'.repeat(100)}`, 'hex');

describe('mediaTypeOf', () => {
  it.each<[string, Buffer | string, string, string | null]>([
    ['a PDF, whatever it is called', '%PDF-1.7\n…', 'notes.txt', 'application/pdf'],
    ['a PDF after some noise', `\0\0\n%PDF-1.4\n`, 'a', 'application/pdf'],
    ['a text about PDF that is called so', 'PDF is a format', 'a.pdf', 'text/plain'],
    ['a workbook called otherwise', local('xl/workbook.xml'), 'a.docx', `${OFFICE}.spreadsheetml.sheet`],
    [
      'a document whose first parts say nothing',
      Buffer.concat([local('[Content_Types].xml'), local('_rels/.rels')]),
      'a.docx',
      `${OFFICE}.wordprocessingml.document`,
    ],
    ['the same with a name that says nothing', local('[Content_Types].xml'), 'a', null],
    ['a book', local('mimetype', 'application/epub+zip'), 'a.zip', 'application/epub+zip'],
    ['an OpenDocument text', local('mimetype', 'application/vnd.oasis.opendocument.text'), 'a.odt', null],
    ['an archive', local('readme.txt'), 'a.docx', null],
    ['the beginning of an archive', 'PK\x03\x04', 'a.docx', null],
    ['a document with a password', compound, 'a.docx', `${OFFICE}.wordprocessingml.document`],
    ['an old document', compound, 'a.doc', null],
    ['an image', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), 'a.md', null],
    ['an image without zero bytes', Buffer.from('ffd8ffe121454c4c', 'hex'), 'a.txt', null],
    ['a program', Buffer.from('7f454c460201010000', 'hex'), 'a.txt', null],
    ['RTF', '{\\rtf1 text}', 'a.txt', null],
    ['text like an image', 'BM25 is a ranking function', 'a.txt', 'text/plain'],
    ['text in windows-1252', Buffer.from('Gr\xfc\xdfe', 'latin1'), 'a.csv', 'text/csv'],
    ['text in UTF-16', Buffer.from('\uFEFFtext', 'utf16le'), 'a.md', 'text/markdown'],
    ['text cut off in a character', Buffer.from('Grüß').subarray(0, 5), 'a.md', 'text/markdown'],
    ['HTML without a name', '\n<!DOCTYPE html>\n<html>', 'page', 'text/html'],
    ['XHTML without a name', '<?xml version="1.0"?>\n<html xmlns="x">', 'page', 'text/html'],
    ['a mail without a name', 'Received: by x\nFrom: a@b.c\nSubject: x\n\nHi', 'mail', 'message/rfc822'],
    ['a letter', 'From: me\n\nDear you', 'letter', 'text/plain'],
    ['source code', 'def f(): pass', 'F.PY', 'text/x-python'],
    ['an unknown extension', 'words', 'a.unknown', 'text/plain'],
    ['nothing', '', 'a.md', 'text/markdown'],
  ])('%s', async (_, head, name, mediaType) => {
    expect(await mediaTypeOf(Buffer.from(head as string), name)).toBe(mediaType);
  });
});
