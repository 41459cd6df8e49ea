import { matchesGlob } from '../platform/common/auth/glob';
import { type ToolDefinition } from '../providers/providers.types';
import { toolNotFound } from './tools.errors';
import { type Tool } from './tools.types';

/** The tools of one turn or run, by name. */
export class Toolset {
  static readonly NONE = new Toolset([]);
  private readonly byName: ReadonlyMap<string, Tool>;

  constructor(readonly tools: readonly Tool[]) {
    this.byName = new Map(tools.map((tool) => [tool.name, tool]));
  }

  /** As a model is told them. */
  get definitions(): ToolDefinition[] {
    return this.tools.map(({ name, description, parameters }) => ({ name, description, parameters }));
  }

  find(name: string): Tool | null {
    return this.byName.get(name) ?? null;
  }

  /** Those with one of the names, which may have a `*`. */
  matching(names: readonly string[]): Toolset {
    return new Toolset(this.tools.filter((tool) => names.some((name) => matchesGlob(name, tool.name))));
  }

  /**
   * Those asked for by name, or by a name with `*` for all that match it. Throws `tool_not_found` for the first that is
   * not there.
   * @param param where the names stood in the request
   */
  select(names: readonly string[], param: string): Toolset {
    const selected = names.flatMap((name) => {
      const found = name.includes('*') ? this.tools.filter((tool) => matchesGlob(name, tool.name)) : [this.find(name)];
      if (found.length === 0 || found[0] === null) throw toolNotFound(name, param);
      return found.filter((tool) => tool !== null);
    });
    return new Toolset([...new Set(selected)]);
  }
}
