import { Body, Controller, Delete, Get, Header, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import {
  ApiBody,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { CurrentUser, type Principal } from '../platform/common/auth/principal';
import { Requires } from '../platform/common/auth/requires.decorator';
import { idParam } from '../platform/common/errors/validation';
import { PageQuery } from '../platform/common/http/pagination';
import { ApiErrors } from '../platform/common/openapi/api-errors.decorator';
import {
  ApiKeyDto,
  ApiKeysPageDto,
  CreateApiKeyDto,
  NewApiKeyDto,
  RotateApiKeyDto,
  UpdateApiKeyDto,
} from './api-keys.dto';
import { ApiKeysService } from './api-keys.service';

@ApiTags('api keys')
@Requires('keys:manage')
@Controller('auth/api-keys')
export class ApiKeysController {
  constructor(private readonly apiKeys: ApiKeysService) {}

  @Post()
  @Header('cache-control', 'no-store')
  @ApiOperation({
    summary: 'Make an API key; its secret is shown once',
    description:
      'For the workspace the request acts in. A key that is itself narrowed makes only keys within its own scopes; one that has rules or an expiry makes none. What the member is held to holds for their keys, too.',
  })
  @ApiCreatedResponse({ type: NewApiKeyDto })
  @ApiErrors('403 api_key_restricted')
  create(@CurrentUser() user: Principal, @Body() key: CreateApiKeyDto): Promise<NewApiKeyDto> {
    return this.apiKeys.create(user, key);
  }

  @Get()
  @ApiOperation({ summary: 'Own API keys of the workspace; for owners and admins those of all members' })
  @ApiOkResponse({ type: ApiKeysPageDto })
  list(@CurrentUser() user: Principal, @Query() query: PageQuery): Promise<ApiKeysPageDto> {
    return this.apiKeys.list(user, query);
  }

  @Patch(':id')
  @ApiOperation({
    summary: 'Rename an API key, or change its rules and expiry',
    description: 'At once, in every process. Keys that have rules or an expiry themselves change none.',
  })
  @ApiOkResponse({ type: ApiKeyDto })
  @ApiErrors('403 api_key_restricted', '404 api_key_not_found', '409 api_key_retired')
  update(
    @CurrentUser() user: Principal,
    @Param('id', idParam('api_key')) id: string,
    @Body() changes: UpdateApiKeyDto,
  ): Promise<ApiKeyDto> {
    return this.apiKeys.update(user, id, changes);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Revoke an API key, at once' })
  @ApiNoContentResponse()
  @ApiErrors('404 api_key_not_found')
  revoke(@CurrentUser() user: Principal, @Param('id', idParam('api_key')) id: string): Promise<void> {
    return this.apiKeys.revoke(user, id);
  }

  @Post(':id/rotate')
  @Header('cache-control', 'no-store')
  @ApiOperation({
    summary: 'Replace an own API key by a new one',
    description:
      'The new key has its own id and takes over name, scopes, rules and expiry; the old one works until the overlap is over.',
  })
  @ApiBody({ type: RotateApiKeyDto, required: false })
  @ApiCreatedResponse({ type: NewApiKeyDto })
  @ApiErrors('403 api_key_restricted', '403 not_your_api_key', '404 api_key_not_found', '409 api_key_retired')
  rotate(
    @CurrentUser() user: Principal,
    @Param('id', idParam('api_key')) id: string,
    @Body() { overlap_seconds }: RotateApiKeyDto,
  ): Promise<NewApiKeyDto> {
    return this.apiKeys.rotate(user, id, overlap_seconds);
  }
}
