import { ApiProperty } from '@nestjs/swagger';
import { ArrayMaxSize, IsArray, IsString, MaxLength, ValidateIf } from 'class-validator';

export class ToolSettingsDto {
  @ApiProperty({
    type: [String],
    nullable: true,
    maxItems: 200,
    description:
      'The only hosts `http_get` and `web_page` ask, also where a server redirects them; `*.example.com` is everything ' +
      'below example.com, and not itself. null: every public host; an empty list: none. What is not public stays refused.',
    example: ['example.com', '*.example.com'],
  })
  @ValidateIf((_, value) => value !== null)
  @MaxLength(260, { each: true })
  @IsString({ each: true })
  @ArrayMaxSize(200)
  @IsArray({ message: '$property must be an array of hosts, or null' })
  allowed_hosts: string[] | null;
}
