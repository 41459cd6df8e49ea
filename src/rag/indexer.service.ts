import { setImmediate as turn } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { logFailure } from '../platform/common/errors/exception.filter';
import { type PicoUsd } from '../platform/common/money';
import { type CallRecord } from '../usage/usage.types';
import { chunk } from './chunkers/registry';
import { type DocumentPayer, type Indexed, type Step, type TargetIndex } from './documents.types';
import { EmbedderService } from './embedder.service';
import { type ChunkText } from './indexes/chunks.repository';
import { IndexService } from './indexes/index.service';
import { type StoredText } from './ingestion.repository';

/** Chunks embedded and written at a time, and held. */
const GROUP = 256;
/** Chunks are cut at blanks, which belong to neither: so many code units of them are kept. */
const MOST_BLANKS = 32;
/** Cutting a large text takes a while, in which the process has other things to do as well. */
const BREATH_MS = 10;

export interface IndexingOptions {
  requestId: string;
  signal: AbortSignal;
  /** @param percent of the whole of indexing */
  onProgress: (step: Step, percent: number) => void;
  /** Told what each call is billed, also of those that fail or are aborted. */
  onCost: (cost: PicoUsd | null) => Promise<void>;
  /** Before each group of chunks; throws when the document is no longer wanted in the index. */
  onGroup?: () => Promise<void>;
}

/** Cuts a text into chunks, embeds them, and writes both into an index, where nobody finds them yet; group by group, whatever the length of the text. */
@Injectable()
export class IndexerService {
  private readonly logger = new Logger(IndexerService.name);

  constructor(
    private readonly embedder: EmbedderService,
    private readonly indexes: IndexService,
  ) {}

  /** May be repeated: what was embedded before costs nothing, what was written before is replaced. */
  async index(
    target: TargetIndex,
    payer: DocumentPayer,
    document: { id: string; title: string },
    text: StoredText,
    { requestId, signal, onProgress, onCost, onGroup }: IndexingOptions,
  ): Promise<Indexed> {
    onProgress('embed', 0);
    const saving: Promise<void>[] = [];
    const onSettled = ({ cost }: CallRecord) => {
      saving.push(onCost(cost).catch((error: unknown) => logFailure(this.logger, error)));
    };
    const indexed = { chunks: 0, tokens: 0 };
    const writer = await this.indexes.begin(target, { ...document, language: text.language });
    for await (const chunks of groups(text, target, signal)) {
      await onGroup?.();
      const texts = chunks.map((one) => one.text);
      const options = { kind: 'indexing', requestId, signal, onSettled } as const;
      const { vectors } = await this.embedder
        .embed(payer, target.embeddingModel, texts, options)
        .finally(() => Promise.all(saving.splice(0)));
      signal.throwIfAborted();
      await writer.add(chunks, vectors);
      indexed.chunks += chunks.length;
      indexed.tokens += chunks.reduce((sum, { tokens }) => sum + tokens, 0);
      onProgress('embed', (95 * (chunks.at(-1)?.end ?? 0)) / text.text.length);
    }
    signal.throwIfAborted();
    onProgress('write', 95);
    await writer.end();
    return indexed;
  }
}

/** The chunks of a text, cut as they are asked for. */
async function* groups(
  { text, pages, headings }: StoredText,
  { chunking }: TargetIndex,
  signal: AbortSignal,
): AsyncGenerator<ChunkText[]> {
  let group: ChunkText[] = [];
  let last = 0;
  let since = performance.now();
  for (const span of chunk({ text, pages, headings }, chunking)) {
    const between = text.slice(last, Math.min(span.start, last + MOST_BLANKS + 1));
    const blanks = between.length <= MOST_BLANKS && between.trim() === '' ? between : '';
    group.push({ ...span, text: text.slice(span.start, span.end), blanks });
    last = span.end;
    if (group.length === GROUP) {
      yield group;
      group = [];
    } else if (performance.now() - since < BREATH_MS) continue;
    await turn();
    signal.throwIfAborted();
    since = performance.now();
  }
  if (group.length > 0) yield group;
}
