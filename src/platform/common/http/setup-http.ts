import { type NestExpressApplication } from '@nestjs/platform-express';
import compression from 'compression';
import { type NextFunction, type Request, type Response } from 'express';
import helmet from 'helmet';
import { type Config } from '../../config/config.service';
import { ProblemFilter } from '../errors/exception.filter';
import { RequestValidation } from '../errors/validation';
import { ReadinessChecks } from '../readiness';
import { readBody } from './body';
import { EXPOSED_HEADERS, requestContext } from './request-context';
import { whileDraining } from './while-draining';

/** Routes that take HTML forms beside JSON (OAuth2's password form, RFC 6749 section 4.3.2). */
const FORM_ROUTES = ['/v1/auth/login'];
/** `/health` and the docs stand at the root, the API under `/v1`. */
const ROOT_ROUTES = ['health', 'ready'];
/** Where its clients look for it; its versions are the protocol's own. */
const MCP_ROUTE = 'mcp';

/** Answers are data: nothing in them is to be run or framed. The documentation pages set their own. */
const API_POLICY = "default-src 'none'; frame-ancestors 'none'";

/** Everything between the socket and the controllers, in the order a request meets it. */
export function setupHttp(app: NestExpressApplication, { env, yaml }: Config): void {
  app.set('trust proxy', yaml.http.trusted_proxies);
  app.disable('x-powered-by');
  app.disable('etag'); // hashes every answer, for caches no answer is meant for
  app.use(requestContext);
  app.use(helmet({ contentSecurityPolicy: false }), (_req: Request, res: Response, next: NextFunction) => {
    res.setHeader('content-security-policy', API_POLICY);
    next();
  });
  app.enableCors({
    origin: env.CORS_ORIGINS.includes('*') ? '*' : [...env.CORS_ORIGINS],
    exposedHeaders: EXPOSED_HEADERS,
    maxAge: 600,
  });
  app.use(
    whileDraining(
      app.get(ReadinessChecks),
      ROOT_ROUTES.map((route) => `/${route}`),
    ),
  );
  // Streams say `no-transform`, which compression honours.
  app.use(compression());
  app.use(readBody(yaml.http.body_limit, FORM_ROUTES));
  app.setGlobalPrefix('v1', { exclude: [...ROOT_ROUTES, MCP_ROUTE] });
  app.useGlobalPipes(new RequestValidation());
  app.useGlobalFilters(new ProblemFilter());
}
