import { type KeyObject } from 'node:crypto';
import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { JwtModule } from '@nestjs/jwt';
import { PassportModule } from '@nestjs/passport';
import { ThrottlerModule } from '@nestjs/throttler';
import { AuditModule } from '../audit/audit.module';
import { Config } from '../platform/config/config.service';
import { Counters } from '../platform/store/store.types';
import { MailModule } from '../platform/mail/mail.module';
import { WorkspacesModule } from '../workspaces/workspaces.module';
import { AcceptanceController } from './acceptance.controller';
import { AccessGuard } from './access.guard';
import { AdminAccountService } from './admin-account.service';
import { ApiKeysController } from './api-keys.controller';
import { ApiKeysRepository } from './api-keys.repository';
import { ApiKeysService } from './api-keys.service';
import { attemptLimits } from './attempts.guard';
import { AuthController } from './auth.controller';
import { AuthGuard } from './auth.guard';
import { AuthService } from './auth.service';
import { HousekeepingProcessor } from './housekeeping.processor';
import { InvitationsController } from './invitations.controller';
import { InvitationsRepository } from './invitations.repository';
import { InvitationsService } from './invitations.service';
import { serverKey } from '../platform/secrets/server-key';
import { JWT_ALGORITHM, JWT_ISSUER, JWT_KEY, JwtStrategy } from './jwt.strategy';
import { LastUsedService } from './last-used.service';
import { PasswordHasher } from './password-hasher';
import { PasswordResetsModule } from './password-resets.module';
import { PasswordsController } from './passwords.controller';
import { PasswordsService } from './passwords.service';
import { PeopleRepository } from './people.repository';
import { PrincipalsService } from './principals.service';
import { SessionsRepository } from './sessions.repository';
import { SessionsService } from './sessions.service';

const serverKeyProvider = { provide: JWT_KEY, inject: [Config], useFactory: serverKey };

@Module({
  imports: [
    AuditModule,
    WorkspacesModule,
    MailModule,
    PasswordResetsModule,
    PassportModule,
    ThrottlerModule.forRootAsync({ inject: [Config, Counters], useFactory: attemptLimits }),
    JwtModule.registerAsync({
      extraProviders: [serverKeyProvider],
      inject: [JWT_KEY],
      useFactory: (secret: KeyObject) => ({
        secret,
        signOptions: { algorithm: JWT_ALGORITHM, issuer: JWT_ISSUER },
      }),
    }),
  ],
  controllers: [AuthController, PasswordsController, ApiKeysController, InvitationsController, AcceptanceController],
  providers: [
    serverKeyProvider,
    JwtStrategy,
    // In this order, before everything a route names itself.
    { provide: APP_GUARD, useClass: AuthGuard },
    { provide: APP_GUARD, useClass: AccessGuard },
    PrincipalsService,
    LastUsedService,
    AuthService,
    AdminAccountService,
    PeopleRepository,
    PasswordHasher,
    PasswordsService,
    SessionsService,
    SessionsRepository,
    ApiKeysService,
    ApiKeysRepository,
    InvitationsService,
    InvitationsRepository,
    HousekeepingProcessor,
  ],
  exports: [PrincipalsService],
})
export class AuthModule {}
