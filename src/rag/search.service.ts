import { Injectable } from '@nestjs/common';
import { type Response } from 'express';
import { type Principal } from '../platform/common/auth/principal';
import { closedSignal } from '../platform/common/http/client-gone';
import { requestIdOf } from '../platform/common/http/request-id';
import { RetrievalService } from './retrieval.service';
import { toSearchQuery, toSearchResult } from './search.codec';
import { type SearchDto, type SearchResultDto } from './search.dto';

/** A search over HTTP. */
@Injectable()
export class SearchService {
  constructor(private readonly retrieval: RetrievalService) {}

  async search(user: Principal, collectionId: string, body: SearchDto, res: Response): Promise<SearchResultDto> {
    const asking = { requestId: requestIdOf(res.req), signal: closedSignal(res) };
    return toSearchResult(await this.retrieval.search(user, toSearchQuery(collectionId, body), asking));
  }
}
