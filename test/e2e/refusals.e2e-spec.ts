import { at, Bodies, isPublic, type Operation, operationsOf, pathParameters } from '../support/operations';
import { startParley, type TestParley } from '../support/parley';
import { type TestUser } from '../support/user';

describe('a refusal', () => {
  let parley: TestParley;
  let secured: Operation[];
  let bodies: Bodies;
  beforeAll(async () => {
    parley = await startParley();
    const leaving = ({ method }: Operation) => Number(method === 'DELETE'); // comes last
    secured = operationsOf(parley.contract.document)
      .filter((operation) => !isPublic(operation))
      .sort((a, b) => leaving(a) - leaving(b));
    bodies = new Bodies(parley.contract.document);
  });
  afterAll(() => parley.stop());

  it('names the permission, and the role or the scope that has it, on every operation', async () => {
    const [owner, guest] = [await parley.user(), await parley.user()];
    const { workspaceId } = owner;
    await parley.database.query(`INSERT INTO memberships (workspace_id, user_id, role) VALUES ($1, $2, 'viewer')`, [
      workspaceId,
      guest.id,
    ]);
    const callers: Record<string, TestUser> = {
      role: guest.with({ ...guest.headers, 'x-workspace-id': workspaceId }),
      scope: parley.anonymous().with({ 'x-api-key': await owner.apiKey({ scopes: ['embeddings'] }) }),
    };
    for (const [kind, caller] of Object.entries(callers)) {
      let refused = 0;
      for (const operation of secured) {
        const ids = Object.fromEntries(pathParameters(operation).map((name) => [name, workspaceId]));
        const { status, body } = await caller.request(operation.method, at(operation, ids), bodies.good(operation));
        if (status !== 403) continue;
        refused++;
        const { code, message, details } = body.error;
        const [needed] = details as [Record<string, string>];
        const told = [operation.operationId, message.includes(needed['permission'])];
        expect([...told, code]).toEqual([operation.operationId, true, expect.stringMatching(/^insufficient_/)]);
        expect(Object.keys(needed)).toEqual(['permission', code === 'insufficient_role' ? 'role' : 'scope']);
      }
      expect([kind, refused > 8]).toEqual([kind, true]);
    }
  });

  it('names all scopes a key lacks to make another', async () => {
    const owner = await parley.user();
    const key = parley.anonymous().with({ 'x-api-key': await owner.apiKey({ scopes: ['admin'] }) });
    const { body } = await key.post('/v1/auth/api-keys', { name: 'k', scopes: ['chat', 'admin', 'usage:read'] });
    expect(body.error.details).toEqual([
      { permission: 'keys:manage', scope: 'chat' },
      { permission: 'keys:manage', scope: 'usage:read' },
    ]);
  });
});
