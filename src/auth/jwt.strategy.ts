import { type KeyObject } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { isUuid } from '../platform/common/ids';
import { invalidToken } from './auth.errors';
import { type AccessClaims } from './auth.types';

export const JWT_KEY = Symbol('JWT_KEY');
export const JWT_ISSUER = 'parley';
export const JWT_ALGORITHM = 'HS256';

/** Checks signature, issuer and expiry of access tokens; what they amount to is for `PrincipalsService` to say. */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy) {
  constructor(@Inject(JWT_KEY) key: KeyObject) {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      // passed on to jsonwebtoken, which takes a KeyObject; the types of passport-jwt don't say so
      secretOrKey: key as unknown as Buffer,
      issuer: JWT_ISSUER,
      algorithms: [JWT_ALGORITHM],
      ignoreExpiration: false,
    });
  }

  validate(claims: Partial<AccessClaims>): AccessClaims {
    const { sub, sid, ver } = claims;
    if (!isUuid(sub) || !isUuid(sid) || typeof ver !== 'number') throw invalidToken();
    return { sub, sid, ver };
  }
}
