import { ApiProperty } from '@nestjs/swagger';
import { type AccessRules } from '../platform/common/auth/access-rules';
import { type Role, ROLES } from '../platform/common/auth/permissions';

/** A workspace as the caller sees it. Rows are read in this shape. */
export class WorkspaceDto {
  @ApiProperty({ format: 'uuid', example: '0193a2b4-6f0e-7a31-9d52-3f6d1c0b7e12' })
  id: string;

  @ApiProperty({ example: 'Research' })
  name: string;

  @ApiProperty({ description: 'Made at registration; the default of its person, who always owns it' })
  personal: boolean;

  @ApiProperty({ description: 'Whether budgets in USD take models whose price is not known' })
  allow_unpriced_models: boolean;

  @ApiProperty({ enum: ROLES, description: "The caller's role" })
  role: Role;

  @ApiProperty({ description: 'Everybody is refused everything in it' })
  suspended: boolean;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: "When the caller's membership ends; null: never",
  })
  expires_at: Date | null;

  @ApiProperty({ format: 'date-time' })
  created_at: Date;
}

/** What credentials of a user amount to in one workspace. */
export interface Account {
  readonly userId: string;
  /** An access token that carries another one is worthless. */
  readonly tokenVersion: number;
  /** Whether the user runs the installation. */
  readonly instanceAdmin: boolean;
  /** The user, or that workspace, is refused everything. */
  readonly suspended: boolean;
  /** Null for both when the user is not in that workspace. */
  readonly workspaceId: string | null;
  readonly role: Role | null;
  /** When the membership ends; null: never. */
  readonly expiresAt: Date | null;
  /** What the member is held to there. */
  readonly rules: AccessRules;
  /** The user's own, else the workspace's. */
  readonly tier: string | null;
}
