const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const [OPEN_LIST, CLOSE_LIST] = [0x5b, 0x5d];
const [OPEN_OBJECT, CLOSE_OBJECT] = [0x7b, 0x7d];

/** How this JSON text is built. Text that is no JSON gets some answer. */
export interface JsonShape {
  /** Of lists and objects in each other. */
  depth: number;
  /** Fields and items in all, but the first of each list and object. */
  items: number;
}

/** One pass over the bytes, which ends where there is more than `most` of one. */
export function shapeOf(json: Buffer, most: JsonShape): JsonShape {
  const shape = { depth: 0, items: 0 };
  let depth = 0;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at];
    if (byte === QUOTE) at = endOfString(json, at);
    else if (byte === COMMA) shape.items++;
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) shape.depth = Math.max(shape.depth, ++depth);
    else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) depth--;
    if (shape.depth > most.depth || shape.items > most.items) break;
  }
  return shape;
}

/** The place of the closing quote; strings, which may be megabytes of base64, are jumped over. */
function endOfString(json: Buffer, start: number): number {
  let end = start;
  do {
    end = json.indexOf('"', end + 1);
    if (end === -1) return json.length;
  } while (isEscaped(json, end));
  return end;
}

function isEscaped(json: Buffer, at: number): boolean {
  let before = at;
  while (json[before - 1] === BACKSLASH) before--;
  return (at - before) % 2 === 1;
}

const ESCAPE = '\\u';

/**
 * The first escape of this JSON text that stands for a character no database stores: NUL, or half of a surrogate pair.
 * One pass over the bytes, whatever the text holds.
 */
export function unstorableEscape(json: Buffer): string | null {
  for (let at = json.indexOf(ESCAPE); at !== -1; at = json.indexOf(ESCAPE, at)) {
    if (isEscaped(json, at)) {
      at += 1; // the backslash before it is the one that counts: these are plain letters
      continue;
    }
    const code = codeAt(json, at);
    const isHigh = code >= 0xd800 && code < 0xdc00;
    const pairs = isHigh && json.indexOf(ESCAPE, at + 6) === at + 6 && isLow(codeAt(json, at + 6));
    if (code === 0 || isLow(code) || (isHigh && !pairs)) return json.toString('latin1', at, at + 6);
    at += pairs ? 12 : 6;
  }
  return null;
}

const codeAt = (json: Buffer, at: number) => Number.parseInt(json.toString('latin1', at + 2, at + 6), 16);
const isLow = (code: number) => code >= 0xdc00 && code < 0xe000;
