import { type TestUser } from './user';

/** Somebody new in the owner's personal workspace, who acts there. */
export async function joined(owner: TestUser, role: string): Promise<TestUser> {
  const { parley, workspaceId } = owner;
  const member = await parley.user();
  await parley.database.query('INSERT INTO memberships (workspace_id, user_id, role) VALUES ($1, $2, $3)', [
    workspaceId,
    member.id,
    role,
  ]);
  const there = member.with({ ...member.headers, 'x-workspace-id': workspaceId });
  return Object.assign(there, { id: member.id, email: member.email, workspaceId });
}
