/** Pixels. */
export interface ImageSize {
  width: number;
  height: number;
}

/** Sizes stand in the first bytes, except in a JPEG that begins with a thumbnail or a colour profile. */
const HEAD_BYTES = 256 * 1024;
/** Of those in a fixed place: WebP's. No image of use is smaller. */
const LONGEST_HEADER = 30;

/** The size of a PNG, GIF, JPEG or WebP from its bytes, base64; null when they don't tell. */
export function imageSizeOf(data: string): ImageSize | null {
  const bytes = Buffer.from(data.slice(0, Math.ceil((HEAD_BYTES * 4) / 3)), 'base64');
  if (bytes.length < LONGEST_HEADER) return null;
  const size = png(bytes) ?? gif(bytes) ?? webp(bytes) ?? jpeg(bytes);
  return size && size.width > 0 && size.height > 0 ? size : null;
}

const starts = (bytes: Buffer, text: string, at = 0) => bytes.toString('latin1', at, at + text.length) === text;

const png = (bytes: Buffer): ImageSize | null =>
  starts(bytes, '\x89PNG') ? { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) } : null;

const gif = (bytes: Buffer): ImageSize | null =>
  starts(bytes, 'GIF8') ? { width: bytes.readUInt16LE(6), height: bytes.readUInt16LE(8) } : null;

/** Lossy, lossless and extended. Source: RFC 9649. */
function webp(bytes: Buffer): ImageSize | null {
  if (!starts(bytes, 'RIFF') || !starts(bytes, 'WEBP', 8)) return null;
  if (starts(bytes, 'VP8X', 12)) return { width: bytes.readUIntLE(24, 3) + 1, height: bytes.readUIntLE(27, 3) + 1 };
  if (starts(bytes, 'VP8L', 12)) {
    const bits = bytes.readUInt32LE(21);
    return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
  }
  return { width: bytes.readUInt16LE(26) & 0x3fff, height: bytes.readUInt16LE(28) & 0x3fff };
}

/** Walks the segments up to the frame header. Source: ITU-T T.81, annex B. */
function jpeg(bytes: Buffer): ImageSize | null {
  if (!starts(bytes, '\xff\xd8')) return null;
  for (let at = 2; ;) {
    if (bytes.readUInt8(at) !== 0xff) return null;
    const marker = bytes.readUInt8(at + 1);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return { width: bytes.readUInt16BE(at + 7), height: bytes.readUInt16BE(at + 5) };
    at += marker === 0xff ? 1 : 2 + bytes.readUInt16BE(at + 2);
  }
  return null;
}
