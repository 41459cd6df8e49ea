import { STATUS_CODES } from 'node:http';
import { type INestApplication } from '@nestjs/common';
import { DocumentBuilder, getSchemaPath, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { ERROR_CODES } from './api-errors.decorator';
import { exampleOf } from './error-examples';
import { ErrorBodyDto, ErrorDto } from './error.dto';
import { MULTIPART_SCHEMA } from './multipart.decorator';
import { describeResponses, RATE_HEADERS, RESPONSE_HEADERS } from './response-headers';
import { zodSchemas } from './zod-schemas';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']> & {
  [ERROR_CODES]?: string[];
  [RATE_HEADERS]?: true;
  [MULTIPART_SCHEMA]?: object;
};
const METHODS = ['get', 'put', 'post', 'delete', 'patch'] as const;

const WORKSPACE_HEADER = {
  name: 'X-Workspace-Id',
  in: 'header',
  required: false,
  description:
    'The workspace to act in, for access tokens; the personal one when absent. An API key is bound to its own.',
  schema: { type: 'string', format: 'uuid' },
} as const;

/** Failures any operation can meet, told by what it is. */
const GENERAL = ['500 internal_error', '503 service_unavailable'];
const WITH_INPUT = ['400 validation_failed', '429 rate_limit_exceeded'];
const WITH_CREDENTIALS = [
  '401 missing_credentials',
  '401 invalid_token',
  '401 token_expired',
  '401 invalid_api_key',
  '403 insufficient_role',
  '403 insufficient_scope',
  '403 api_key_restricted',
  '403 ip_not_allowed',
  '403 suspended',
  '403 membership_expired',
  '404 workspace_not_found',
];
const WITH_BODY = ['400 invalid_json', '413 payload_too_large', '415 unsupported_media_type'];

/** The OpenAPI document: what the code declares, both security schemes, and every error of every operation. */
export function openApiDocument(app: INestApplication, version: string): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('Parley')
    .setDescription(
      'Self-hosted GenAI backend: many LLM providers behind one API, stored conversations, users, API keys and exact usage. ' +
        'The official OpenAI SDKs work with `/v1` as their base URL and a Parley API key.',
    )
    .setVersion(version)
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'An access token, or an API key' }, 'bearer')
    .addApiKey({ type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'An API key' }, 'api_key')
    .addTag('auth', 'Sign-in, sessions and passwords')
    .addTag('api keys', 'Credentials of programs')
    .addTag('users', 'The account behind the credentials')
    .addTag('workspaces', 'Tenants and their members')
    .addTag('audit', 'Who changed what')
    .addTag('models', 'What can be called')
    .addTag('chat', 'Chats that are not stored')
    .addTag('conversations', 'Stored chats')
    .addTag('tools', 'What models may call')
    .addTag('agents', 'Models that go on by themselves')
    .addTag('rag', 'Questions answered from your documents')
    .addTag('collections', 'Collections of documents, and the search in them')
    .addTag('documents', 'What is in collections')
    .addTag('openai', 'The wire of OpenAI, for its SDKs')
    .addTag('budgets', 'What may be spent')
    .addTag('usage', 'What was used and what it cost')
    .addTag('administration', 'For those who run the installation')
    .addTag('providers', 'How those do that are asked')
    .addTag('health', 'For load balancers')
    .addServer('/')
    .addSecurityRequirements('bearer')
    .addSecurityRequirements('api_key')
    .build();
  const document = SwaggerModule.createDocument(app, config, {
    extraModels: [ErrorDto, ErrorBodyDto],
    autoTagControllers: false,
    operationIdFactory: (controller, method) => `${camel(controller.replace(/Controller$/, ''))}_${method}`,
  });
  document.components = {
    ...document.components,
    schemas: { ...document.components?.schemas, ...zodSchemas() },
    headers: RESPONSE_HEADERS,
  };
  for (const path of Object.values(document.paths)) {
    for (const method of METHODS) if (path[method]) describe(path[method]);
  }
  return document;
}

const camel = (name: string) => name.charAt(0).toLowerCase() + name.slice(1);

function describe(operation: Operation): void {
  const open = operation.security?.some((requirement) => Object.keys(requirement).length === 0) ?? false;
  if (open) operation.security = [];
  else operation.parameters = [...(operation.parameters ?? []), WORKSPACE_HEADER];
  const own = operation[ERROR_CODES] ?? [];
  const tellsRates = operation[RATE_HEADERS] ?? false;
  const multipart = operation[MULTIPART_SCHEMA];
  if (multipart && operation.requestBody && 'content' in operation.requestBody) {
    operation.requestBody.content['multipart/form-data'] = { schema: multipart };
  }
  Reflect.deleteProperty(operation, MULTIPART_SCHEMA);
  Reflect.deleteProperty(operation, ERROR_CODES);
  Reflect.deleteProperty(operation, RATE_HEADERS);

  const codes = [
    ...own,
    ...GENERAL,
    ...(operation.requestBody || operation.parameters?.length ? WITH_INPUT : []),
    ...(open ? [] : WITH_CREDENTIALS),
    ...(operation.requestBody ? WITH_BODY : []),
  ];
  const byStatus = Map.groupBy(codes, (code) => code.split(' ')[0] ?? '');
  for (const [status, list] of [...byStatus].sort(([a], [b]) => a.localeCompare(b))) {
    const names = [...new Set(list.map((code) => code.split(' ')[1] ?? ''))];
    operation.responses[status] ??= {
      description: `${STATUS_CODES[status] ?? status}: ${names.map((name) => `\`${name}\``).join(', ')}`,
      content: {
        'application/json': {
          schema: { $ref: getSchemaPath(ErrorDto) },
          examples: Object.fromEntries(names.map((name) => [name, { value: exampleOf(status, name) }])),
        },
      },
    };
  }
  describeResponses(operation.responses, codes.includes('504 upstream_timeout'), tellsRates);
}
