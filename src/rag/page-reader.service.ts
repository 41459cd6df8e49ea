import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Injectable } from '@nestjs/common';
import { type AllowedHosts } from '../platform/net/allowed-hosts';
import { atMost } from '../platform/net/decoded-body';
import { pageTooLarge } from './pages.errors';
import { PagesService } from './pages.service';
import { type ParsedDocument } from './parsed.types';
import { ParsingService } from './parsing.service';

/** Of a page, while somebody waits for it. */
const MOST_BYTES = 10 * 1024 * 1024;

/** What a page says. `url` is where it came from in the end. */
export interface ReadPage extends ParsedDocument {
  url: string;
}

/** Reads what users' addresses name, for now: nothing of it is kept. */
@Injectable()
export class PageReader {
  constructor(
    private readonly pages: PagesService,
    private readonly parsing: ParsingService,
  ) {}

  /**
   * The readable part of HTML, and the text of everything else there is a parser for, up to 10 MB. Throws what fetching
   * (PagesService) and parsing (ParsingService) throw.
   * @param hosts the only ones that are asked, also by redirects, where it is not null
   */
  async read(url: string, hosts: AllowedHosts, signal: AbortSignal): Promise<ReadPage> {
    const folder = await mkdtemp(join(tmpdir(), 'parley-page-'));
    try {
      const page = await this.pages.fetch(url, signal, hosts);
      const path = join(folder, 'page');
      const bytes = atMost(MOST_BYTES, page.body, () => pageTooLarge(MOST_BYTES));
      await pipeline(bytes, createWriteStream(path, { mode: 0o600 }));
      const file = { path, name: page.filename, mediaType: page.mediaType };
      return { ...(await this.parsing.parse(file, signal, () => undefined)), url: page.url };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}
