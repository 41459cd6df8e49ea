import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import {
  ApiBody,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { CurrentUser, type Principal } from '../../platform/common/auth/principal';
import { Requires } from '../../platform/common/auth/requires.decorator';
import { idParam } from '../../platform/common/errors/validation';
import { PageQuery } from '../../platform/common/http/pagination';
import { ZodBody } from '../../platform/common/http/zod-body';
import { ApiErrors } from '../../platform/common/openapi/api-errors.decorator';
import { zodSchema } from '../../platform/common/openapi/zod-schemas';
import { RateLimited } from '../../usage/rate-limited.decorator';
import { CustomToolBody } from './custom-tool-body';
import { AddedCustomToolDto, CustomToolDto, CustomToolsPageDto } from './custom-tools.dto';
import { customToolChange, type CustomToolChange, newCustomTool, type NewCustomToolBody } from './custom-tools.schema';
import { CustomToolsService } from './custom-tools.service';

const Id = () => Param('id', idParam('custom_tool'));
const NEW = zodSchema('NewCustomTool', newCustomTool);
const CHANGE = zodSchema('CustomToolChange', customToolChange);
const EXAMPLES = {
  endpoint: {
    value: {
      name: 'order_status',
      description: 'The state of an order.',
      url: 'https://shop.example.com/orders/{order_id}',
      headers: { authorization: 'Bearer secret' },
    },
  },
  openapi: {
    value: { openapi: 'https://shop.example.com/openapi.json', prefix: 'shop', operations: ['getOrder'] },
  },
};

@ApiTags('tools')
@Requires('tools:manage')
@Controller('tools/custom')
export class CustomToolsController {
  constructor(private readonly tools: CustomToolsService) {}

  @Post()
  @RateLimited()
  @ApiOperation({
    summary: 'Make tools of an HTTP endpoint or an OpenAPI document',
    description:
      'The arguments a model gives become a request to the server. Header values are encrypted at rest and never told ' +
      'again. Servers in networks that are not public must be allowed by `outbound.allowed_networks`.',
  })
  @ApiBody({ schema: NEW, examples: EXAMPLES })
  @ApiCreatedResponse({ type: AddedCustomToolDto })
  @ApiErrors('409 tool_name_taken', '409 too_many_tools', '503 encryption_key_missing')
  create(
    @CurrentUser() user: Principal,
    @Body(new CustomToolBody()) body: NewCustomToolBody,
  ): Promise<AddedCustomToolDto> {
    return this.tools.create(user, body);
  }

  @Get()
  @Requires('tools:read')
  @ApiOperation({ summary: 'The endpoints and documents of the workspace, with their tools' })
  @ApiOkResponse({ type: CustomToolsPageDto })
  list(@CurrentUser() user: Principal, @Query() query: PageQuery): Promise<CustomToolsPageDto> {
    return this.tools.list(user, query);
  }

  @Get(':id')
  @Requires('tools:read')
  @ApiOperation({ summary: 'One of them' })
  @ApiOkResponse({ type: CustomToolDto })
  @ApiErrors('404 custom_tool_not_found')
  get(@CurrentUser() user: Principal, @Id() id: string): Promise<CustomToolDto> {
    return this.tools.get(user, id);
  }

  @Patch(':id')
  @ApiOperation({ summary: 'Replace its headers', description: 'Calls under way still have the old ones.' })
  @ApiBody({ schema: CHANGE })
  @ApiOkResponse({ type: CustomToolDto })
  @ApiErrors('404 custom_tool_not_found', '503 encryption_key_missing')
  change(
    @CurrentUser() user: Principal,
    @Id() id: string,
    @Body(new ZodBody(customToolChange)) body: CustomToolChange,
  ): Promise<CustomToolDto> {
    return this.tools.change(user, id, body);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete it with all of its tools' })
  @ApiNoContentResponse()
  @ApiErrors('404 custom_tool_not_found')
  delete(@CurrentUser() user: Principal, @Id() id: string): Promise<void> {
    return this.tools.delete(user, id);
  }
}
