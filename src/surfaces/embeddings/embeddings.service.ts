import { Injectable } from '@nestjs/common';
import { type Response } from 'express';
import { CallsService } from '../../calls/calls.service';
import { answerHeaders } from '../../chat/native.codec';
import { type Principal } from '../../platform/common/auth/principal';
import { closedSignal } from '../../platform/common/http/client-gone';
import { type Rate } from '../../platform/common/http/rate-headers';
import { requestIdOf } from '../../platform/common/http/request-id';
import { ReadinessChecks } from '../../platform/common/readiness';
import { toEmbeddingRequest, toEmbeddings } from './embeddings.codec';
import { type EmbeddingsBody } from './embeddings.schema';

@Injectable()
export class EmbeddingsService {
  constructor(
    private readonly calls: CallsService,
    private readonly readiness: ReadinessChecks,
  ) {}

  embed(user: Principal, body: EmbeddingsBody, res: Response): Promise<void> {
    return this.readiness.during(this.answer(user, body, res));
  }

  private async answer(principal: Principal, body: EmbeddingsBody, res: Response): Promise<void> {
    let tokensLeft: Rate | null = null;
    const embedded = await this.calls.embed({
      principal,
      model: body.model,
      request: toEmbeddingRequest(body),
      kind: 'embeddings',
      requestId: requestIdOf(res.req),
      ...(body.timeout_ms && { timeoutMs: body.timeout_ms }),
      signal: closedSignal(res),
      onAdmitted: (tokens) => (tokensLeft = tokens),
    });
    res.set(answerHeaders({ ...embedded, complete: true, tokensLeft }));
    res.json(toEmbeddings(embedded, body.encoding_format === 'base64'));
  }
}
