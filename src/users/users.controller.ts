import { Body, Controller, Get, Patch } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentUser, type Principal } from '../platform/common/auth/principal';
import { Requires } from '../platform/common/auth/requires.decorator';
import { UpdateUserDto } from './users.dto';
import { UsersService } from './users.service';
import { UserDto } from './users.types';

@ApiTags('users')
@Controller('users/me')
export class UsersController {
  constructor(private readonly users: UsersService) {}

  @Get()
  @Requires('profile:read')
  @ApiOperation({ summary: 'Who the credentials belong to' })
  @ApiOkResponse({ type: UserDto })
  me(@CurrentUser() user: Principal): Promise<UserDto> {
    return this.users.get(user);
  }

  @Patch()
  @ApiOperation({ summary: 'Change your name' })
  @ApiOkResponse({ type: UserDto })
  update(@CurrentUser() user: Principal, @Body() changes: UpdateUserDto): Promise<UserDto> {
    return this.users.update(user, changes);
  }
}
