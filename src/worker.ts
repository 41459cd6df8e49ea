import './platform/config/node-version';
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { Logger } from 'nestjs-pino';
import { Config } from './platform/config/config.service';
import { ConfigError } from './platform/config/env';
import { openDatabase } from './platform/database/open-database';
import { prepareDatabase } from './prepare-database';
import { ProvidersService } from './providers/providers.service';
import { StopSignal } from './stop-signal';
import { WorkerModule } from './worker.module';

/** Takes jobs until it is told to stop; those under way then return to the queue. */
async function startWorker(environment: NodeJS.ProcessEnv): Promise<void> {
  const stop = new StopSignal();
  const config = Config.load({ ...environment, WORKERS: 'on' });
  if (!config.env.DATABASE_URL) {
    throw new ConfigError(
      'DATABASE_URL: a worker shares the database of the API; without one the API does the jobs itself',
    );
  }
  ProvidersService.check(config);
  const database = await openDatabase(config, (message) => void process.stderr.write(`${message}\n`));
  await prepareDatabase(database, config);
  const app = await NestFactory.createApplicationContext(WorkerModule.of(config, database.url), {
    bufferLogs: true,
    abortOnError: false,
  });
  const logger = app.get(Logger);
  app.useLogger(logger);
  const gently = async (signal: string) => {
    logger.log(`${signal}: jobs under way return to the queue`);
    await app.close();
    process.exit(0);
  };
  stop.act({ gently, atOnce: () => Promise.resolve() });
  logger.log('waiting for jobs');
}

startWorker(process.env).catch((error: unknown) => {
  const told = error instanceof ConfigError ? error.message : error instanceof Error ? error.stack : String(error);
  process.stderr.write(`The worker did not start. ${told ?? ''}\n`);
  process.exit(1);
});
