import { type Config } from './platform/config/config.service';
import { type ProvidersService } from './providers/providers.service';

/** What the person who started it wants to know: where it listens, the docs, the providers, and a first request to paste. */
export function welcome({ env }: Config, port: number, providers: ProvidersService): void {
  const url = `http://localhost:${port}`;
  process.stdout.write(`
Parley listens on ${url} (${env.HOST})
  docs       ${url}/docs   ${url}/redoc   ${url}/openapi.json
  providers  ${providers.configured().join(', ')}
${providers
  .unconfigured()
  .map(({ id, variable }) => `             ${id}: set ${variable}`)
  .join('\n')}

Try it:
  TOKEN=$(curl -s ${url}/v1/auth/register -H 'content-type: application/json' \\
    -d "{\\"email\\":\\"you+$RANDOM@example.com\\",\\"password\\":\\"a long password\\"}" | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')
  curl -s ${url}/v1/chat -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' \\
    -d '{"model":"${env.DEFAULT_MODEL}","message":"Hello, Parley"}'

`);
}
