import { claudeModel } from './anthropic.models';

it.each([
  [
    'claude-3-haiku-20240307',
    { maxOutput: 4096, thinking: 'none', structured: false, sampling: 'both', quiet: 'omit' },
  ],
  ['claude-3-5-sonnet-20241022', { maxOutput: 8192, thinking: 'none', structured: false }],
  ['claude-3-7-sonnet-latest', { maxOutput: 64_000, thinking: 'budget', structured: false }],
  ['claude-opus-4-20250514', { maxOutput: 32_000, thinking: 'budget', sampling: 'both', structured: false }],
  ['claude-opus-4-1-20250805', { maxOutput: 32_000, thinking: 'budget', sampling: 'one', structured: false }],
  ['claude-sonnet-4-5-20250929', { maxOutput: 64_000, thinking: 'budget', sampling: 'one', structured: true }],
  ['claude-opus-4-6', { maxOutput: 128_000, thinking: 'adaptive', sampling: 'one', quiet: 'omit', xhigh: false }],
  ['claude-opus-4-8', { thinking: 'adaptive', sampling: 'none', quiet: 'omit', xhigh: true, forcedTools: true }],
  ['claude-sonnet-5', { quiet: 'disabled', forcedTools: true, bindsThinking: false }],
  ['claude-sonnet-5-5', { quiet: 'between_tools', forcedTools: false, bindsThinking: true }],
  ['claude-haiku-5-5', { quiet: 'disabled', forcedTools: true, bindsThinking: true }],
  ['claude-opus-5', { quiet: 'disabled', forcedTools: true }],
  ['claude-opus-5-5', { quiet: 'never', forcedTools: false, bindsThinking: true }],
  ['claude-fable-5', { quiet: 'never', forcedTools: false, bindsThinking: false }],
  ['claude-fable-5-1', { quiet: 'never', bindsThinking: true }],
  ['claude-mythos-preview', { quiet: 'never', sampling: 'none' }],
  ['anthropic.claude-opus-4-6-v1', { thinking: 'adaptive', sampling: 'one' }],
  ['my-own-model', { sampling: 'both', structured: true, defaultMaxTokens: 8192 }],
  ['claude-2.1', { sampling: 'both' }],
])('knows what %s takes', (name, expected) => {
  expect(claudeModel(name)).toMatchObject(expected);
});

it('asks for 32k tokens at most, and never for more than the model has', () => {
  expect(claudeModel('claude-opus-5-5').defaultMaxTokens).toBe(32_000);
  expect(claudeModel('claude-3-haiku-20240307').defaultMaxTokens).toBe(4096);
});
