import { readFile } from 'node:fs/promises';

const BOMS: [bytes: readonly number[], encoding: string][] = [
  [[0xef, 0xbb, 0xbf], 'utf-8'],
  [[0xff, 0xfe], 'utf-16le'],
  [[0xfe, 0xff], 'utf-16be'],
];

/** By its byte order mark, as UTF-8 when it is that, else as `fallback`. Lines end with `\n`. */
export function decode(bytes: Uint8Array, fallback = 'windows-1252'): string {
  const bom = BOMS.find(([mark]) => mark.every((byte, i) => bytes[i] === byte));
  return (bom ? new TextDecoder(bom[1]).decode(bytes) : (utf8(bytes) ?? decodeAs(bytes, fallback))).replaceAll(
    /\r\n?/g,
    '\n',
  );
}

export const readText = async (path: string): Promise<string> => decode(await readFile(path));

function utf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null; // another encoding
  }
}

function decodeAs(bytes: Uint8Array, encoding: string): string {
  try {
    return new TextDecoder(encoding).decode(bytes);
  } catch {
    return new TextDecoder('windows-1252').decode(bytes); // the file names an encoding nobody knows
  }
}
