import { Module } from '@nestjs/common';
import { CallsModule } from '../calls/calls.module';
import { BUILTIN_TOOLS, BuiltinTools } from './builtin-tools.service';
import { calculator } from './builtin/calculator.tool';
import { currentTime } from './builtin/current-time.tool';
import { ToolsController } from './tools.controller';
import { TOOL_SOURCES, ToolsService } from './tools.service';

/** Adding a built-in tool: its file, and its line here. What it needs are the arguments of its factory. */
const builtin = {
  provide: BUILTIN_TOOLS,
  inject: [],
  useFactory: () => [calculator, currentTime],
};

const sources = { provide: TOOL_SOURCES, inject: [BuiltinTools], useFactory: (...all: BuiltinTools[]) => all };

@Module({
  imports: [CallsModule],
  controllers: [ToolsController],
  providers: [builtin, BuiltinTools, sources, ToolsService],
  exports: [ToolsService],
})
export class ToolsModule {}
