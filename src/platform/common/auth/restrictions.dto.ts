import { ApiProperty, ApiPropertyOptional, type ApiPropertyOptions } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayNotEmpty,
  ArrayUnique,
  IsArray,
  IsInt,
  IsOptional,
  Matches,
  Max,
  Min,
  ValidateBy,
} from 'class-validator';
import { isNetwork } from '../../config/networks';
import { type Restrictions } from './access-rules';

const MOST = 100;
const MODELS: ApiPropertyOptions = {
  type: [String],
  nullable: true,
  maxItems: MOST,
  description:
    'Globs (`*` stands for anything) of `provider/model` ids and names of routes. A route allowed by name may ask all its targets; of any other route those that are allowed are asked',
  example: ['demo/*', 'smart'],
};
const TOKENS = {
  type: 'integer',
  nullable: true,
  minimum: 1,
  maximum: 1_000_000_000,
  description: 'Sent as `max_tokens` where a request has none; a request for more is refused',
  example: 4096,
} as const;
const IPS: ApiPropertyOptions = {
  type: [String],
  nullable: true,
  maxItems: MOST,
  description: 'IPv4 and IPv6 addresses, and networks in CIDR notation',
  example: ['203.0.113.7', '2001:db8::/32'],
};

const IsNetwork = () =>
  ValidateBy(
    {
      name: 'isNetwork',
      validator: {
        validate: (value: unknown) => typeof value === 'string' && isNetwork(value),
        defaultMessage: () => 'each value in $property must be an address or a network such as 10.0.0.0/8',
      },
    },
    { each: true },
  );

/** As a request gives them: absent leaves one as it is, null lifts it. */
export class RestrictionsFields implements Partial<Restrictions> {
  @ApiPropertyOptional(MODELS)
  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(MOST)
  @ArrayUnique()
  @Matches(/^[\w.:@/*+-]{1,200}$/, { each: true, message: 'each value in $property must be a glob such as openai/*' })
  @IsOptional()
  allowed_models?: string[] | null;

  @ApiPropertyOptional(TOKENS)
  @IsInt()
  @Min(TOKENS.minimum)
  @Max(TOKENS.maximum)
  @IsOptional()
  max_tokens_per_request?: number | null;

  @ApiPropertyOptional(IPS)
  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(MOST)
  @ArrayUnique()
  @IsNetwork()
  @IsOptional()
  allowed_ips?: string[] | null;
}

/** As they are shown. */
export abstract class RestrictionsDto implements Restrictions {
  @ApiProperty(MODELS)
  allowed_models: string[] | null;

  @ApiProperty(TOKENS)
  max_tokens_per_request: number | null;

  @ApiProperty(IPS)
  allowed_ips: string[] | null;
}
