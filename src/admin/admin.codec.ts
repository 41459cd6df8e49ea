import { changesOf } from '../audit/audit.codec';
import { type AuditEvent } from '../audit/audit.types';
import { type AdminUser } from './admin.types';

type Attributes = Pick<AdminUser, 'suspended' | 'tier'> & Partial<Pick<AdminUser, 'instance_admin'>>;

const EVENTS = {
  suspended: (after: Attributes) => (after.suspended ? 'suspended' : 'resumed'),
  instance_admin: (after: Attributes) => (after.instance_admin ? 'admin_granted' : 'admin_revoked'),
  tier: () => 'tier_changed',
} as const;
const NAMES = ['suspended', 'instance_admin', 'tier'] as const;

/** An event for each attribute that is another than before. */
export function eventsOf<T extends Attributes>(
  { type, id, workspaceId }: { type: 'user' | 'workspace'; id: string; workspaceId: string | null },
  before: T,
  after: T,
): AuditEvent[] {
  return NAMES.flatMap((name) => {
    const changes = changesOf<Attributes>(before, after, [name]);
    const action = `${type}.${EVENTS[name](after)}` as const;
    return name in changes ? [{ action, workspaceId, target: { type, id }, changes }] : [];
  });
}
