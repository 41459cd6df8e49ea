import { type PipeTransform } from '@nestjs/common';
import { ZodBody } from '../../platform/common/http/zod-body';
import { endpointBody, type NewCustomToolBody, openApiBody } from './custom-tools.schema';

const ENDPOINT = new ZodBody(endpointBody);
const DOCUMENT = new ZodBody(openApiBody);

/** Which of the two it is meant to be is told by `openapi`: mistakes are told of that one. */
export class CustomToolBody implements PipeTransform<unknown, NewCustomToolBody> {
  transform(body: unknown): NewCustomToolBody {
    return typeof body === 'object' && body !== null && 'openapi' in body
      ? DOCUMENT.transform(body)
      : ENDPOINT.transform(body);
  }
}
