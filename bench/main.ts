// `npm run bench -- NAME`: runs one bench. What it measured is the last line of its output, as JSON.
import { benchCluster } from './cluster/bench-cluster.ts';

const benches: Readonly<Record<string, () => Promise<void>>> = { cluster: benchCluster };

const [name = '', ...rest] = process.argv.slice(2);
const bench = Object.hasOwn(benches, name) && rest.length === 0 ? benches[name] : undefined;
if (bench) await bench();
else {
  console.error(`Usage: npm run bench -- NAME, where NAME is one of: ${Object.keys(benches).join(', ')}.`);
  process.exitCode = 2;
}
