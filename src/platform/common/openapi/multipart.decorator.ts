import { ApiExtension } from '@nestjs/swagger';

/** Extension that carries the schema of a route's multipart body, besides its JSON one. */
export const MULTIPART_SCHEMA = 'x-multipart';

/** The route takes `multipart/form-data` as well. */
export const ApiMultipart = (schema: object): MethodDecorator => ApiExtension(MULTIPART_SCHEMA, schema);
