import { posix } from 'node:path';
import { open } from 'node:fs/promises';
import { documentDamaged, documentEncrypted } from '../parsing.errors';
import { descendant, descendants, parseXml, textOf, type XmlElement } from './xml';
import { ZipArchive } from './zip-archive';

/** How a compound file begins: what Office makes of a file with a password ([MS-OFFCRYPTO] 2.3). */
const COMPOUND = Buffer.from('d0cf11e0a1b11ae1', 'hex');

/** An Office Open XML file (ECMA-376 part 2): parts, and the relations between them. */
export class OfficePackage {
  private constructor(readonly archive: ZipArchive) {}

  static async open(path: string): Promise<OfficePackage> {
    if (await isCompound(path)) throw documentEncrypted();
    return new OfficePackage(await ZipArchive.open(path));
  }

  xml(part: string): XmlElement {
    return parseXml(this.archive.get(part));
  }

  /** The part of the whole file that has the relation `type`: its main one is `officeDocument`. */
  main(): string {
    const part = this.related('').find(({ type }) => type === 'officeDocument')?.target;
    if (!part || !this.archive.has(part)) throw documentDamaged('Its main part is missing.');
    return part;
  }

  /** What a part refers to, by id. Targets are paths in the archive; those outside of it are left out. */
  related(part: string): { id: string; type: string; target: string }[] {
    const { dir, base } = posix.parse(part);
    const bytes = this.archive.find(posix.join(dir, '_rels', `${base}.rels`));
    if (!bytes) return [];
    return [...descendants(parseXml(bytes), 'Relationship')]
      .filter(({ attributes }) => attributes['TargetMode'] !== 'External')
      .map(({ attributes: { Id = '', Type = '', Target = '' } }) => ({
        id: Id,
        type: posix.basename(Type),
        target: Target.startsWith('/') ? Target.slice(1) : posix.join(dir, Target),
      }));
  }

  /** As its properties say. */
  get title(): string | undefined {
    const core = this.related('').find(({ type }) => type === 'core-properties');
    const bytes = core && this.archive.find(core.target);
    const title = bytes && descendant(parseXml(bytes), 'title');
    return title ? textOf(title) : undefined;
  }
}

async function isCompound(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer } = await file.read(Buffer.alloc(COMPOUND.length), 0, COMPOUND.length, 0);
    return buffer.equals(COMPOUND);
  } finally {
    await file.close();
  }
}
