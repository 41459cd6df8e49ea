import { Module } from '@nestjs/common';
import { LoggerModule } from 'nestjs-pino';
import { type LogFn, type Logger as PinoBase } from 'pino';
import { currentRequest } from '../common/http/request-context';
import { Config } from '../config/config.service';

/** What looks like a secret, wherever in a line it stands: credentials, keys, and the values of fields named so. */
const SECRETS =
  /(Bearer |Basic )[^"\\\s]+|parley_[\w-]{8,}|\bsk-[\w-]{8,}|("(?:authorization|x-api-key|cookie|password|[a-z_]*token|api_?key|secret)":")[^"]+/gi;

/** One pass over the finished line: nothing that is logged, by us or by a library, can slip past it. */
const maskSecrets = (line: string): string =>
  line.replace(
    SECRETS,
    (_, scheme: string | undefined, field: string | undefined) => `${scheme ?? field ?? ''}[redacted]`,
  );

/** What Nest says of itself while it starts: one line per module and route. */
const CHATTY = ['InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'NestFactory', 'NestApplication'];
const INFO = 30;

/** Drops those lines, so that what is said at the start can be read. */
function quietFramework(this: PinoBase, args: Parameters<LogFn>, method: LogFn, level: number): void {
  const [first] = args as unknown[];
  const context = typeof first === 'object' && first && 'context' in first ? String(first.context) : '';
  if (level !== INFO || !CHATTY.includes(context)) method.apply(this, args);
}

/** JSON logs, pretty in a terminal. Every line written while a request is served carries its `request_id`. */
@Module({
  imports: [
    LoggerModule.forRootAsync({
      inject: [Config],
      useFactory: ({ env }: Config) => ({
        forRoutes: [], // no logger per request: the line of a request is `requestLog`'s, and the mixin names it
        pinoHttp: {
          level: env.LOG_LEVEL,
          hooks: { logMethod: quietFramework, streamWrite: maskSecrets },
          mixin: () => ({ request_id: currentRequest()?.id }),
          ...(process.stdout.isTTY ? { transport: { target: 'pino-pretty', options: { singleLine: true } } } : {}),
        },
      }),
    }),
  ],
})
export class LoggingModule {}
