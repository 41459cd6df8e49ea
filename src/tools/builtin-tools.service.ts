import { Inject, Injectable } from '@nestjs/common';
import { Config } from '../platform/config/config.service';
import { type Tool, type ToolSource } from './tools.types';

/** The list of `tools.module.ts`. */
export const BUILTIN_TOOLS = Symbol('BuiltinTools');

/** The tools Parley brings along. Refuses to start when two have the same name. */
@Injectable()
export class BuiltinTools implements ToolSource {
  private readonly enabled: readonly Tool[];

  constructor({ yaml }: Config, @Inject(BUILTIN_TOOLS) tools: readonly Tool[]) {
    const names = tools.map(({ name }) => name);
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    if (twice) throw new Error(`two tools are named ${twice}`);
    this.enabled = tools.filter(({ name }) => !yaml.tools.disabled.includes(name));
  }

  tools(): Promise<readonly Tool[]> {
    return Promise.resolve(this.enabled);
  }
}
