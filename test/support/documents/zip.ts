import { strToU8, type Zippable, zipSync } from 'fflate';

/** A zip file with these members, in this order; `mimetype` is stored as it is, as EPUB wants it. */
export function zipOf(members: Record<string, string | Uint8Array>): Buffer {
  const entries = Object.entries(members).map(([name, content]) => {
    const bytes = typeof content === 'string' ? strToU8(content) : content;
    return [name, [bytes, { level: name === 'mimetype' ? 0 : 6 }]] as const;
  });
  return Buffer.from(zipSync(Object.fromEntries(entries) as Zippable));
}

export const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
