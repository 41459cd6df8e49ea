import { randomUUID } from 'node:crypto';
import { createWriteStream, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Config } from '../../../src/platform/config/config.service';
import { type ParsedDocument } from '../../../src/rag/parsed.types';
import { type ParsingService } from '../../../src/rag/parsing.service';
import { dist } from '../dist';

type Parsing = typeof import('../../../src/rag/parsing.service');

const MB = 1024 * 1024;

export interface Parsed {
  service: ParsingService;
  /** What becomes of a file with these bytes. */
  parse: (
    mediaType: string,
    content: Buffer | string | Readable,
    signal?: AbortSignal,
    onProgress?: (percent: number) => void,
  ) => Promise<ParsedDocument>;
  stop: () => Promise<void>;
}

/** The service, with its processes, as a worker has it. */
export function startParsing({ processes = 1, timeout = 60_000, memory = 768 * MB } = {}): Parsed {
  const { ParsingService } = dist('rag/parsing.service') as Parsing;
  const service = new ParsingService({ yaml: { parsing: { processes, timeout, memory } } } as Config);
  const parse: Parsed['parse'] = async (
    mediaType,
    content,
    signal = new AbortController().signal,
    onProgress = () => undefined,
  ) => {
    const path = join(tmpdir(), `parley-document-${randomUUID()}`);
    try {
      if (typeof content === 'string' || Buffer.isBuffer(content)) writeFileSync(path, content);
      else await pipeline(content, createWriteStream(path));
      return await service.parse({ path, name: 'file', mediaType }, signal, onProgress);
    } finally {
      rmSync(path, { force: true });
    }
  };
  return { service, parse, stop: () => service.onApplicationShutdown() };
}
