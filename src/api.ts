import 'reflect-metadata';
import { type Server } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { NestFactory } from '@nestjs/core';
import { type NestExpressApplication } from '@nestjs/platform-express';
import { Logger } from 'nestjs-pino';
import { AppModule } from './app.module';
import { prepareDatabase } from './prepare-database';
import { StopSignal } from './stop-signal';
import { welcome } from './welcome';
import { Interrupted } from './platform/common/http/client-gone';
import { setupHttp } from './platform/common/http/setup-http';
import { unknownRoute } from './platform/common/http/unknown-route';
import { serveDocs } from './platform/common/openapi/docs';
import { ReadinessChecks } from './platform/common/readiness';
import { VERSION } from './platform/common/version';
import { Config } from './platform/config/config.service';
import { ConfigError } from './platform/config/env';
import { openDatabase } from './platform/database/open-database';
import { requestLog } from './platform/telemetry/request-log';
import { ProvidersService } from './providers/providers.service';

const DRAIN_POLL_MS = 20;
/** What those who listen to an answer that is cut get to hear why: it is stored first, which takes a while on a busy machine. */
const LAST_WORDS_MS = 2_000;
/** What the providers' SDKs would read from the environment besides: headers that could replace credentials. */
const UNDOCUMENTED = ['OPENAI_CUSTOM_HEADERS', 'ANTHROPIC_CUSTOM_HEADERS'];

/** Starts the API and says where it listens. Throws ConfigError for what an operator can mend. */
export async function startApi(environment: NodeJS.ProcessEnv): Promise<void> {
  const stop = new StopSignal();
  for (const name of UNDOCUMENTED) Reflect.deleteProperty(environment, name);
  const config = Config.load(environment);
  ProvidersService.check(config);
  const say = (message: string) => void process.stderr.write(`${message}\n`);
  const database = await openDatabase(config, say);
  try {
    await prepareDatabase(database, config);
    const app = await NestFactory.create<NestExpressApplication>(AppModule.of(config, database.url), {
      bodyParser: false,
      bufferLogs: true,
      abortOnError: false,
    });
    const logger = app.get(Logger);
    app.useLogger(logger);
    app.use(requestLog(config.yaml.http.slow_request));
    setupHttp(app, config);
    serveDocs(app, VERSION);
    await app.init();
    app.getHttpAdapter().getInstance().use(unknownRoute);
    await listen(app, config);

    const gently = async (signal: string) => {
      logger.log(`${signal}: draining`);
      const readiness = app.get(ReadinessChecks);
      readiness.draining = true;
      await drain(app.getHttpServer(), readiness, config.yaml.http.shutdown_grace);
      await app.close();
      await database.stop();
      process.exit(0);
    };
    stop.act({ gently, atOnce: () => database.stop() });
    if (config.env.NODE_ENV === 'production') logger.log(`listening on port ${portOf(app.getHttpServer())}`);
    else welcome(config, portOf(app.getHttpServer()), app.get(ProvidersService));
  } catch (error) {
    await database.stop();
    throw error;
  }
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

async function listen(app: NestExpressApplication, { env }: Config): Promise<void> {
  try {
    await app.listen(env.PORT, env.HOST);
  } catch (error) {
    await app.close();
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code === 'EADDRINUSE') throw new ConfigError(`PORT: ${env.PORT} is already in use on ${env.HOST}.`);
    if (code === 'EACCES') throw new ConfigError(`PORT: this user may not listen on ${env.PORT}.`);
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
      throw new ConfigError(`HOST: ${env.HOST} is not an address of this machine.`);
    throw error;
  }
}

/**
 * Gives the answers under way `graceMs` to finish, then cuts them, which aborts their models and says so to their readers. Meanwhile the port stays
 * open: whoever still sends work here is told to go elsewhere, and `/ready` says why.
 */
async function drain(server: Server, readiness: ReadinessChecks, graceMs: number): Promise<void> {
  const answered = async (withinMs: number) => {
    const deadline = Date.now() + withinMs;
    while (readiness.answering > 0 && Date.now() < deadline) await wait(DRAIN_POLL_MS);
  };
  await answered(graceMs);
  readiness.cut.abort(new Interrupted());
  await answered(LAST_WORDS_MS);
  const closed = new Promise<void>((done) => server.close(() => done()));
  server.closeAllConnections();
  await closed;
}
