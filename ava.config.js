// Processes, not threads: the tests start engines, Redis and documents servers of their own and kill them.
export default {
  files: ['test/**/*.test.ts', 'packages/*/test/**/*.test.ts'],
  extensions: { ts: 'module' },
  nodeArguments: ['--import=tsx'],
  workerThreads: false,
  concurrency: 2,
  timeout: '3m',
};
