import { Reflector } from '@nestjs/core';
import { type Permission } from './permissions';

/** The permission a route needs, by role and by API-key scope. Checked by `AccessGuard`. */
export const Requires = Reflector.createDecorator<Permission>();
