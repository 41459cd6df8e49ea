import { Injectable } from '@nestjs/common';
import { type PageSpan } from './parsed.types';
import { PassagePagesRepository } from './passage-pages.repository';
import { type Passage } from './search.types';

/** Where in its document's pages a passage is. */
@Injectable()
export class PassagePages {
  constructor(private readonly repository: PassagePagesRepository) {}

  /** Of each passage those it reaches into; none where its format has none. */
  async of(workspaceId: string, passages: readonly Passage[]): Promise<PageSpan[][]> {
    const pages = passages.map((): PageSpan[] => []);
    if (passages.every(({ page }) => page === null)) return pages;
    for (const { place, page } of await this.repository.find(workspaceId, passages)) pages[place]?.push(page);
    return pages;
  }
}
