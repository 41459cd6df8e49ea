import { Controller, Get, Param } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { CurrentUser, type Principal } from '../../platform/common/auth/principal';
import { Requires } from '../../platform/common/auth/requires.decorator';
import { ApiErrors } from '../../platform/common/openapi/api-errors.decorator';
import { ModelDto, ModelListDto } from './openai.dto';
import { OpenAiService } from './openai.service';

@ApiTags('models')
@Requires('models:read')
@Controller('models')
export class ModelsController {
  constructor(private readonly openai: OpenAiService) {}

  @Get()
  @ApiOperation({
    summary: 'The models that can be called',
    description:
      'Of configured providers, as far as they are known by name, and of those what the member and the API key may use.',
  })
  @ApiOkResponse({ type: ModelListDto })
  list(@CurrentUser() user: Principal): Promise<ModelListDto> {
    return this.openai.models(user);
  }

  /** Ids hold a slash, which clients send encoded (the SDKs) or plain (people). */
  @Get('*id')
  @ApiOperation({ summary: 'One model' })
  @ApiParam({ name: 'id', type: String, example: 'demo/echo' })
  @ApiOkResponse({ type: ModelDto })
  @ApiErrors('404 model_not_found')
  get(@CurrentUser() user: Principal, @Param('id') id: string | string[]): ModelDto {
    return this.openai.model(user, Array.isArray(id) ? id.join('/') : id);
  }
}
