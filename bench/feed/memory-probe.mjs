// Preloaded into both servers: at SIGUSR2 it collects the garbage, and prints what is held then.
process.on('SIGUSR2', () => {
  globalThis.gc();
  const { heapUsed, external, rss } = process.memoryUsage();
  console.log(JSON.stringify({ msg: 'memory', heldBytes: heapUsed + external, rss }));
});
