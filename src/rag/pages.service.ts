import { posix } from 'node:path';
import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { DomainError } from '../platform/common/errors/domain.error';
import { type AllowedHosts } from '../platform/net/allowed-hosts';
import { contentTypeOf, decoderOf } from '../platform/net/content-type';
import { ACCEPTED_ENCODINGS, atMost, decodedBody } from '../platform/net/decoded-body';
import { ForbiddenAddress, ForbiddenUrl, type OutboundAnswer, OutboundService } from '../platform/net/outbound.service';
import { HEAD_BYTES, mediaTypeOf } from './media-type';
import {
  hostUnknown,
  pageFailed,
  pageRefused,
  pageTimedOut,
  pageTooLarge,
  pageUnreachable,
  urlNotAllowed,
} from './pages.errors';
import { parsers } from './parsers/registry';
import { WEB_PAGE } from './parsers/web-page';
import { unsupportedDocument } from './parsing.errors';

/** Of a page, decoded. */
const MOST_BYTES = 50 * 1024 * 1024;
/** For all of it, from the name's lookup to the last byte. */
const MOST_MS = 60_000;
const HEADERS = { 'accept-encoding': ACCEPTED_ENCODINGS, 'user-agent': 'Parley/1.0' };
const ACCEPT = 'text/html,application/xhtml+xml,application/pdf,text/*;q=0.9,*/*;q=0.5';
/** Other names of types that have a parser. */
const ALIASES: Readonly<Record<string, string>> = {
  'application/xhtml+xml': 'text/html',
  'application/xml': 'text/xml',
  'text/x-markdown': 'text/markdown',
  'application/csv': 'text/csv',
};
/** What servers say of any text or file: the name knows more. */
const VAGUE = ['text/plain', 'application/octet-stream'];

/** A page as a file. `url` is where it came from in the end, without its fragment; `body` is to be read or destroyed. */
export interface Page {
  url: string;
  mediaType: string;
  filename: string;
  body: Readable;
}

/** Fetches what users' addresses name, through the guard of OutboundService. */
@Injectable()
export class PagesService {
  readonly limits = { bytes: MOST_BYTES, ms: MOST_MS };

  constructor(private readonly outbound: OutboundService) {}

  /**
   * What the server answers, whatever its status; the body is decoded, and to be read or destroyed. It fails with the same
   * errors, when it is too large, as it is sent or decoded, or too slow, or `signal` aborts.
   *
   * @param asking.accept media types (RFC 9110, 12.5.1)
   * @param asking.hosts the only ones that are asked, also by redirects, where it is not null
   * @throws DomainError `url_not_allowed`, `page_unreachable` (no answer, no such server), `page_timed_out`,
   * `payload_too_large` (over 50 MB), `unsupported_document` (an unknown encoding); the reason of `signal`.
   */
  async open(
    url: string,
    { accept, hosts }: { accept: string; hosts: AllowedHosts },
    signal: AbortSignal,
  ): Promise<OutboundAnswer> {
    const slow = AbortSignal.timeout(this.limits.ms);
    const failure = (error: unknown) => this.failure(error, signal, slow);
    const ended = AbortSignal.any([signal, slow]);
    const answer = await this.outbound.get(url, { ...HEADERS, accept }, ended, hosts).catch((error: unknown) => {
      throw failure(error);
    });
    const body = Readable.from(this.bytesOf(answer, failure), { objectMode: false });
    body.on('error', () => undefined); // whoever reads hears of it
    body.once('close', () => answer.body.destroy());
    return { ...answer, body };
  }

  /**
   * HTML is `text/html;profile=web-page`, of which the parser takes the readable part; text comes in UTF-8.
   *
   * @throws DomainError those of `open`, `page_refused` (4xx), `page_unreachable` (5xx, too), `unsupported_document`.
   */
  async fetch(url: string, signal: AbortSignal, hosts: AllowedHosts = null): Promise<Page> {
    const answer = await this.open(url, { accept: ACCEPT, hosts }, signal);
    try {
      if (answer.status >= 500 || answer.status === 429) throw pageFailed(answer.status);
      if (answer.status !== 200) throw pageRefused(answer.status);
      const { head, body } = await beginning(answer.body);
      const declared = contentTypeOf(answer.headers['content-type']);
      const declaredType = ALIASES[declared.mediaType] ?? declared.mediaType;
      const filename = filenameOf(answer.url, declaredType);
      const mediaType = await mediaTypeOf(head, filename);
      if (!mediaType) throw unsupportedDocument(declaredType || 'unknown');
      const isHtml = mediaType === 'text/html';
      const text = declared.charset && !isBinary(mediaType) ? inUtf8(body, declared.charset) : body;
      return {
        url: answer.url,
        mediaType: isHtml ? WEB_PAGE : mediaType,
        filename,
        body: Readable.from(text, { objectMode: false }),
      };
    } catch (error) {
      answer.body.destroy();
      throw error;
    }
  }

  /** Decoded and counted. */
  private async *bytesOf(
    { headers, body }: OutboundAnswer,
    failure: (error: unknown) => unknown,
  ): AsyncGenerator<Buffer> {
    const most = this.limits.bytes;
    const tooLarge = () => pageTooLarge(most);
    try {
      const sent = Readable.from(atMost(most, body, tooLarge), { objectMode: false });
      const decoded = decodedBody(sent, headers['content-encoding']);
      if (!decoded) throw unsupportedDocument(`encoding ${headers['content-encoding'] ?? ''}`);
      yield* atMost(most, decoded, tooLarge);
    } catch (error) {
      throw failure(error);
    } finally {
      body.destroy();
    }
  }

  private failure(error: unknown, signal: AbortSignal, slow: AbortSignal): unknown {
    if (error instanceof DomainError) return error;
    if (signal.aborted) return signal.reason;
    if (slow.aborted) return pageTimedOut(this.limits.ms);
    if (error instanceof ForbiddenUrl) return urlNotAllowed(error.message);
    if (error instanceof ForbiddenAddress) return urlNotAllowed('Its server is not a public one.');
    if (error instanceof Error && 'code' in error && error.code === 'ENOTFOUND' && 'hostname' in error)
      return hostUnknown(String(error.hostname));
    return pageUnreachable(error);
  }
}

/** The first bytes, enough to tell what it is, and all of it. */
async function beginning(stream: Readable): Promise<{ head: Buffer; body: AsyncIterable<Buffer> }> {
  const bytes = stream[Symbol.asyncIterator]() as AsyncGenerator<Buffer>;
  const pieces: Buffer[] = [];
  for (let size = 0; size < HEAD_BYTES;) {
    const next = await bytes.next();
    if (next.done) break;
    pieces.push(next.value);
    size += next.value.length;
  }
  const head = Buffer.concat(pieces);
  async function* whole() {
    try {
      yield head;
      yield* bytes;
    } finally {
      await bytes.return(undefined);
    }
  }
  return { head: head.subarray(0, HEAD_BYTES), body: whole() };
}

/** The end of the path, with an extension that says the type the server declared. */
function filenameOf(url: string, declared: string): string {
  const name =
    unescaped(posix.basename(new URL(url).pathname))
      .replaceAll(/[^\p{L}\p{N}._ -]/gu, '_')
      .slice(-200) || 'page';
  const extension = VAGUE.includes(declared) ? null : parsers.extensionOf(declared);
  return !extension || parsers.mediaTypeOf(name) === declared ? name : `${posix.parse(name).name}.${extension}`;
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a percent sign that is only that
  }
}

const isBinary = (mediaType: string) => /pdf|officedocument|epub/.test(mediaType);

/** Text in the encoding its server declared, which the file itself may not; with a mark, so that nobody guesses again. */
async function* inUtf8(body: AsyncIterable<Buffer>, charset: string): AsyncGenerator<Buffer> {
  const decoder = decoderOf(charset);
  if (!decoder) {
    yield* body;
    return;
  }
  yield Buffer.from('\uFEFF');
  for await (const chunk of body) yield Buffer.from(decoder.decode(chunk, { stream: true }));
  yield Buffer.from(decoder.decode());
}
