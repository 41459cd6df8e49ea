import { Injectable } from '@nestjs/common';
import { ACCEPTED_ENCODINGS, decodedBody } from '../../platform/net/decoded-body';
import { ForbiddenAddress, ForbiddenUrl, OutboundService } from '../../platform/net/outbound.service';
import { type OpenApiBody } from './custom-tools.schema';
import { type HttpOperation, type SkippedOperation } from './custom-tools.types';
import { documentOf, isObject, MOST_DOCUMENT_BYTES, type OpenApiDocument, wrong } from './openapi-document';
import { toOperations } from './openapi-operations';

const FETCH_MS = 20_000;
const HEADERS = {
  accept: 'application/json, application/yaml, text/yaml;q=0.9, */*;q=0.5',
  'accept-encoding': ACCEPTED_ENCODINGS,
  'user-agent': 'Parley/1.0',
};

/** OpenAPI documents of workspaces. */
@Injectable()
export class OpenApiDocumentsService {
  constructor(private readonly outbound: OutboundService) {}

  /** Throws `validation_failed`, also for an address where there is no document. */
  async read(body: OpenApiBody): Promise<{ title: string; operations: HttpOperation[]; skipped: SkippedOperation[] }> {
    const { openapi } = body;
    const address = typeof openapi === 'string' && /^https?:\/\/\S+$/i.test(openapi.trim()) ? openapi.trim() : null;
    const document = documentOf(address === null ? openapi : await this.fetched(address));
    const found = toOperations(document, {
      prefix: body.prefix ?? null,
      only: body.operations ?? null,
      baseUrl: body.base_url ?? null,
      documentUrl: address,
      headerNames: Object.keys(body.headers ?? {}),
      idempotencyHeader: body.idempotency_header ?? null,
      timeoutMs: body.timeout_ms,
    });
    return { title: titleOf(document) ?? body.prefix ?? 'OpenAPI', ...found };
  }

  private async fetched(url: string): Promise<string> {
    try {
      const answer = await this.outbound.get(url, HEADERS, AbortSignal.timeout(FETCH_MS));
      try {
        if (answer.status !== 200) throw new Refused(`its server answered ${answer.status}.`);
        const body = decodedBody(answer.body, answer.headers['content-encoding']);
        if (!body) throw new Refused('it has an encoding nobody asked for.');
        const chunks: Buffer[] = [];
        let bytes = 0;
        for await (const chunk of body as AsyncIterable<Buffer>) {
          bytes += chunk.length;
          if (bytes > MOST_DOCUMENT_BYTES) throw new Refused(`it has more than ${MOST_DOCUMENT_BYTES} bytes.`);
          chunks.push(chunk);
        }
        return Buffer.concat(chunks).toString('utf8');
      } finally {
        answer.body.destroy();
      }
    } catch (error) {
      throw wrong(error instanceof Refused ? error.message : whyNot(error));
    }
  }
}

class Refused extends Error {}

function whyNot(error: unknown): string {
  if (error instanceof ForbiddenUrl) return `its address is not fetched. ${error.message}`;
  if (error instanceof ForbiddenAddress) return 'its address is not fetched: its server is not a public one.';
  return 'its server does not answer, or broke off.';
}

function titleOf({ info }: OpenApiDocument): string | null {
  const title = isObject(info) ? info['title'] : null;
  return typeof title === 'string' && title.trim() ? title.trim().slice(0, 200).toWellFormed() : null;
}
