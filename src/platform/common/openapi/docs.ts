import { join } from 'node:path';
import { type NestExpressApplication } from '@nestjs/platform-express';
import { type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { type Response } from 'express';
import { openApiDocument } from './document';

/** Put there by the build. */
const REDOC_BUNDLE = join(__dirname, '../../../redoc.standalone.js');
const REDOC_PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <title>Parley API</title>
    <link rel="icon" href="data:," />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <style>body { margin: 0 }</style>
  </head>
  <body>
    <redoc spec-url="/openapi.json"></redoc>
    <script src="/redoc/redoc.standalone.js"></script>
  </body>
</html>`;

/** Pages load nothing from elsewhere: everything they need is served from here. */
const PAGE_POLICY =
  "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; worker-src 'self' blob:";

/**
 * `/openapi.json`, Swagger UI at `/docs` and Redoc at `/redoc`, all without credentials and without any CDN. The document is
 * made when it is first asked for: it would take a fifth of every start.
 */
export function serveDocs(app: NestExpressApplication, version: string): void {
  let made: OpenAPIObject | null = null;
  const document = () => (made ??= openApiDocument(app, version));
  const server = app.getHttpAdapter().getInstance();
  const page = (res: Response) => res.setHeader('content-security-policy', PAGE_POLICY);

  server.get('/openapi.json', (_req, res) => res.json(document()));
  server.get('/redoc', (_req, res) => page(res).type('html').send(REDOC_PAGE));
  server.get('/redoc/redoc.standalone.js', (_req, res) => res.sendFile(REDOC_BUNDLE));
  server.use('/docs', (_req, res, next) => {
    page(res);
    next();
  });
  SwaggerModule.setup('docs', app, document, {
    customSiteTitle: 'Parley API',
    raw: false,
    swaggerOptions: { persistAuthorization: true },
  });
}
