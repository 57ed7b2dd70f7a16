// Who may import whom: the house's plan (docs/architecture.md). A cycle or an upward import fails CI.
const only = (room, ...allowed) => ({
  name: `${room}-imports-only-its-ground`,
  severity: 'error',
  from: { path: `^src/${room}/` },
  to: { path: '^src/', pathNot: `^src/(${[room, ...allowed].join('|')})/` },
});

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    only('platform'),
    only('machines'),
    only('ports', 'machines', 'platform'),
    only('actors', 'ports', 'machines', 'platform'),
    only('store', 'ports', 'actors', 'machines', 'platform'),
    only('providers', 'ports', 'machines', 'platform'),
    only('jobs', 'ports', 'actors', 'machines', 'platform'),
    only('http', 'ports', 'actors', 'machines', 'platform'),
    only('realtime', 'ports', 'actors', 'machines', 'platform'),
    only('webhooks', 'ports', 'machines', 'platform'),
    only('embedded', 'ports', 'machines', 'platform'),
    {
      name: 'machines-know-xstate-alone',
      severity: 'error',
      from: { path: '^src/machines/' },
      to: { dependencyTypes: ['npm', 'npm-dev', 'core'], pathNot: 'node_modules/xstate/' },
    },
    {
      name: 'the-engine-knows-its-packages-by-their-addresses',
      severity: 'error',
      from: { path: '^(src|test|tools)/' },
      to: { path: '^packages/(mongolet|sandbox)/src' },
    },
    {
      name: 'product-does-not-import-tests',
      severity: 'error',
      from: { path: '^(src|packages/[^/]+/src)/' },
      to: { path: '(^|/)(test|tools|bench)/' },
    },
    {
      name: 'no-dev-dependency-in-the-product',
      severity: 'error',
      from: { path: '^(src|packages/[^/]+/src)/' },
      to: { dependencyTypes: ['npm-dev'], pathNot: '@types/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.check.json' },
    exclude: { path: '/dist/' },
  },
};
