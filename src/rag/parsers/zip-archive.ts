import { readFile } from 'node:fs/promises';
import { inflateRawSync } from 'node:zlib';
import { documentDamaged, documentEncrypted, documentTooComplex } from '../parsing.errors';
import { MOST_MEMBER_BYTES, MOST_MEMBERS, MOST_UNPACKED_BYTES } from './limits';

const END = 0x06054b50;
const END_BYTES = 22;
const MOST_COMMENT = 0xffff;
const CENTRAL = 0x02014b50;
const CENTRAL_BYTES = 46;
const LOCAL = 0x04034b50;
const LOCAL_BYTES = 30;
const ENCRYPTED = 1;
const STORED = 0;
const DEFLATED = 8;

interface Member {
  offset: number;
  packed: number;
  unpacked: number;
  method: number;
  encrypted: boolean;
}

/**
 * The members of a zip file (PKWARE APPNOTE 6.3), each unpacked when it is asked for and bounded by what really comes
 * out, whatever the directory declares. Zip64 is not needed for files of the sizes that are allowed.
 */
export class ZipArchive {
  private unpacked = 0;

  private constructor(
    private readonly bytes: Buffer,
    private readonly members: ReadonlyMap<string, Member>,
  ) {}

  static async open(path: string): Promise<ZipArchive> {
    const bytes = await readFile(path);
    try {
      return new ZipArchive(bytes, directory(bytes));
    } catch (error) {
      throw error instanceof RangeError ? documentDamaged('Its archive is cut off.') : error;
    }
  }

  get names(): string[] {
    return [...this.members.keys()];
  }

  has(name: string): boolean {
    return this.members.has(name);
  }

  /** Null when there is no such member. */
  find(name: string): Buffer | null {
    const member = this.members.get(name);
    return member ? this.unpack(name, member) : null;
  }

  /** Throws `document_damaged` when there is no such member. */
  get(name: string): Buffer {
    const bytes = this.find(name);
    if (!bytes) throw documentDamaged(`Its archive has no ${name}.`);
    return bytes;
  }

  private unpack(name: string, member: Member): Buffer {
    if (member.encrypted) throw documentEncrypted();
    if (member.unpacked > MOST_MEMBER_BYTES) throw tooMuch();
    const { bytes } = this;
    if (member.offset + LOCAL_BYTES > bytes.length || bytes.readUInt32LE(member.offset) !== LOCAL) {
      throw documentDamaged(`${name} is not where its archive says.`);
    }
    const start =
      member.offset + LOCAL_BYTES + bytes.readUInt16LE(member.offset + 26) + bytes.readUInt16LE(member.offset + 28);
    const packed = bytes.subarray(start, start + member.packed);
    const content = member.method === STORED ? packed : inflated(name, member, packed);
    this.unpacked += content.length;
    if (this.unpacked > MOST_UNPACKED_BYTES) throw tooMuch();
    return content;
  }
}

function inflated(name: string, { method }: Member, packed: Buffer): Buffer {
  if (method !== DEFLATED) throw documentDamaged(`${name} is packed in a way that can't be read.`);
  try {
    return inflateRawSync(packed, { maxOutputLength: MOST_MEMBER_BYTES });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooMuch();
    throw documentDamaged(`${name} can't be unpacked.`);
  }
}

function directory(bytes: Buffer): Map<string, Member> {
  const end = endOf(bytes);
  const count = bytes.readUInt16LE(end + 10);
  if (count > MOST_MEMBERS) throw documentTooComplex(`Its archive has more than ${MOST_MEMBERS} members.`);
  const members = new Map<string, Member>();
  for (let at = bytes.readUInt32LE(end + 16), i = 0; i < count; i++) {
    if (bytes.readUInt32LE(at) !== CENTRAL) throw documentDamaged('The directory of its archive is broken.');
    const nameEnd = at + CENTRAL_BYTES + bytes.readUInt16LE(at + 28);
    members.set(bytes.toString('utf8', at + CENTRAL_BYTES, nameEnd), {
      encrypted: (bytes.readUInt16LE(at + 8) & ENCRYPTED) !== 0,
      method: bytes.readUInt16LE(at + 10),
      packed: bytes.readUInt32LE(at + 20),
      unpacked: bytes.readUInt32LE(at + 24),
      offset: bytes.readUInt32LE(at + 42),
    });
    at = nameEnd + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  return members;
}

/** Where the end record begins: it is followed only by a comment. */
function endOf(bytes: Buffer): number {
  const first = Math.max(0, bytes.length - END_BYTES - MOST_COMMENT);
  for (let at = bytes.length - END_BYTES; at >= first; at--) if (bytes.readUInt32LE(at) === END) return at;
  throw documentDamaged('Its archive has no directory: it may be cut off.');
}

const tooMuch = () =>
  documentTooComplex(
    `Its archive unpacks to more than ${MOST_UNPACKED_BYTES / 1024 / 1024} MB, or one part to half of it.`,
  );
