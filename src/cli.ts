#!/usr/bin/env node
import './platform/config/node-version';
import 'reflect-metadata';
import { CommandFactory } from 'nest-commander';
import { CliModule } from './cli.module';
import { DomainError } from './platform/common/errors/domain.error';
import { Config } from './platform/config/config.service';
import { ConfigError } from './platform/config/env';
import { joinDatabase } from './platform/database/open-database';
import { prepareDatabase } from './prepare-database';

/** Runs one command, beside the service or without it. What goes wrong in it is thrown. */
async function runCli(environment: NodeJS.ProcessEnv): Promise<void> {
  const config = Config.load(environment);
  const database = await joinDatabase(config, (message) => void process.stderr.write(`${message}\n`));
  const fail = (error: Error) => {
    throw error;
  };
  try {
    await prepareDatabase(database, config);
    const root = CliModule.of(config, database.url);
    await CommandFactory.run(root, { logger: ['error'], errorHandler: fail, serviceErrorHandler: fail });
  } finally {
    await database.stop();
  }
}

/** The parser has told its mistakes and its help itself. */
function exitCodeOf(error: unknown): number {
  if (error instanceof Error && 'exitCode' in error) return Number(error.exitCode);
  const known = error instanceof DomainError || error instanceof ConfigError;
  const told = known || !(error instanceof Error) ? String(error).replace(/^\w+Error: /, '') : error.stack;
  process.stderr.write(`${told}\n`);
  return 1;
}

runCli(process.env).then(
  () => process.exit(0),
  (error: unknown) => process.exit(exitCodeOf(error)),
);
