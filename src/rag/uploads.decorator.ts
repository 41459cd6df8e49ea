import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { type Upload, type UploadRequest } from './uploads.types';

/** The files of a multipart body; undefined for any other. */
export const Uploads = createParamDecorator(
  (_: unknown, context: ExecutionContext): Upload[] | undefined =>
    context.switchToHttp().getRequest<UploadRequest>().uploads,
);
