/** The import order of docs/architecture.md: a file imports from its own folder and from folders to the left. */
const layers = [
  'platform/config',
  'platform/common',
  'platform/telemetry',
  'platform/database',
  'platform/store',
  'platform/queue',
  'platform/net',
  'platform/files',
  'platform/secrets',
  'platform/mail',
  'platform/health',
  'audit',
  'users',
  'workspaces',
  'auth',
  'admin',
  'usage',
  'idempotency',
  'providers',
  'calls',
  'rag',
  'tools',
  'prompts',
  'guardrails',
  'chat',
];
const tops = ['conversations', 'agents'];
const all = layers.join('|');
const known = `^src/(${all}|${tops.join('|')}|surfaces/[^/]+)/|^src/[^/]+\\.ts$`;
const rule = (name, from, to, comment) => ({ name, severity: 'error', from, to, comment });

const leftOnly = layers.map((layer, i) =>
  rule(
    `layer-${layer}`,
    { path: `^src/${layer}/` },
    { path: '^src/', pathNot: `^src/(${layers.slice(0, i + 1).join('|')})/` },
    'imports point left',
  ),
);

module.exports = {
  forbidden: [
    ...leftOnly,
    rule('tops-apart', { path: `^src/(${tops.join('|')})/` }, { path: '^src/', pathNot: `^src/(${all}|$1)/` }),
    rule(
      'surfaces-apart',
      { path: '^src/surfaces/([^/]+)/' },
      {
        path: '^src/',
        pathNot: `^src/(${all}|${tops.join('|')}|surfaces/$1)/`,
      },
    ),
    rule('known-folders-from', { path: '^src/', pathNot: known }, {}, 'a new folder needs its place in the order'),
    rule('known-folders-to', {}, { path: '^src/', pathNot: known }),
    rule('no-circular', {}, { circular: true }),
    rule('no-unresolved', {}, { couldNotResolve: true }),
    rule(
      'front-door',
      { path: '^src/((?:surfaces/)?[^/]+)/' },
      {
        path: '^src/(?!platform/)(?:surfaces/)?[^/]+/',
        pathNot: '^src/$1/|\\.(module|service|types|errors|codec|guard|decorator)\\.ts$',
      },
      'another domain is entered by its module, service, types, errors, codec, guard or decorator',
    ),
    rule(
      'sql-in-repositories',
      { path: '^src/', pathNot: '\\.(repository|entity)\\.ts$|^src/platform/database/' },
      { path: 'node_modules/(typeorm|pg)/' },
    ),
    rule('controllers-use-services', { path: '\\.controller\\.ts$' }, { path: '\\.repository\\.ts$' }),
    rule(
      'adapters-apart',
      { path: '^src/providers/adapters/([^/]+)/' },
      {
        path: '^src/',
        pathNot: '^src/providers/(?!adapters/)|^src/providers/adapters/$1/|^src/platform/(common|config)/',
      },
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '\\.spec\\.ts$' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
