import './platform/config/node-version';
import { ConfigError } from './platform/config/env';
import { startApi } from './api';

startApi(process.env).catch((error: unknown) => {
  const told =
    error instanceof ConfigError
      ? error.message
      : error instanceof Error
        ? (error.stack ?? error.message)
        : String(error);
  process.stderr.write(`Parley did not start. ${told}\n`);
  process.exit(1);
});
