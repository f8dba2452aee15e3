/**
 * The directions of imports (ARCHITECTURE.md):
 *   time, candle, log, redis <- bus, access, limits, metrics, config, simulator <- ingest, gateway <- roles <- cli
 * A folder may import itself and what its row names; everything else fails the check.
 */
const mayImport = {
  time: [],
  tracing: ['candle'],
  net: [],
  candle: [],
  protobuf: ['candle'],
  log: [],
  config: ['candle', 'net'],
  redis: [],
  bus: ['candle', 'time', 'redis'],
  access: ['candle', 'time', 'redis'],
  limits: ['candle', 'time', 'redis'],
  metrics: ['candle', 'time', 'net'],
  presence: ['candle', 'redis'],
  status: ['candle', 'redis', 'presence'],
  simulator: ['candle', 'time'],
  ingest: ['candle', 'time', 'log', 'bus', 'metrics', 'tracing'],
  gateway: [
    'candle',
    'protobuf',
    'time',
    'log',
    'net',
    'bus',
    'access',
    'limits',
    'metrics',
    'tracing',
  ],
  page: ['candle', 'client'],
  client: ['candle'],
};

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    ...Object.entries(mayImport).map(([folder, allowed]) => ({
      name: `direction-${folder}`,
      severity: 'error',
      comment: `src/${folder} may import only: itself${allowed.map((name) => `, ${name}`).join('')}`,
      from: { path: `^src/${folder}/` },
      to: { path: '^src/', pathNot: `^src/(${[folder, ...allowed].join('|')})/` },
    })),
    {
      name: 'roles-are-roots',
      severity: 'error',
      comment: 'Only the command line imports a composition root.',
      from: { path: '^src/', pathNot: '^src/(roles/|cli/|cli\\.ts$)' },
      to: { path: '^src/(roles/|cli/|cli\\.ts$)' },
    },
    {
      name: 'nothing-of-schemas-in-clients',
      severity: 'error',
      comment:
        'What clients are given has no dependencies: of src/candle, only types and what knows no zod.',
      from: { path: '^src/(client|protobuf)/' },
      to: {
        path: '^src/candle/',
        pathNot: '^src/candle/(interval|feed|channel-name)\\.ts$',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'clients-need-nothing',
      severity: 'error',
      comment: 'The client library runs in browsers and in Node, and brings no dependencies.',
      from: { path: '^src/(client|protobuf)/' },
      to: { dependencyTypes: ['npm', 'npm-dev', 'core'] },
    },
    {
      name: 'no-dev-dependency-in-src',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/page/' },
      to: { dependencyTypes: ['npm-dev'] },
    },
    {
      name: 'uws-stays-in-the-adapter',
      severity: 'error',
      comment:
        'The gateway is written against transport.ts; only its server folder knows uWebSockets.js.',
      from: { path: '^src/', pathNot: '^src/(gateway/server/|metrics/admin)' },
      to: { path: 'uWebSockets' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types'] },
  },
};
