import { Module } from '@nestjs/common';
import { LoggerModule } from 'nestjs-pino';
import { type LogFn, type Logger as PinoBase } from 'pino';
import { requestIdOf } from '../common/http/request-id';
import { Config } from '../config/config.service';

/** Values of these names never reach a log line, wherever they stand. */
const SECRETS = [
  'authorization',
  'x-api-key',
  'cookie',
  'password',
  'token',
  'access_token',
  'refresh_token',
  'key',
  'apiKey',
  'secret',
];

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
        pinoHttp: {
          level: env.LOG_LEVEL,
          autoLogging: false, // one line per request is written by `requestLog`
          quietReqLogger: true,
          hooks: { logMethod: quietFramework },
          customAttributeKeys: { reqId: 'request_id' },
          genReqId: requestIdOf,
          redact: {
            paths: SECRETS.flatMap((name) => [`["${name}"]`, `*["${name}"]`, `*.*["${name}"]`]),
            censor: '[redacted]',
          },
          ...(process.stdout.isTTY ? { transport: { target: 'pino-pretty', options: { singleLine: true } } } : {}),
        },
      }),
    }),
  ],
})
export class LoggingModule {}
