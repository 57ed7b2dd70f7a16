// Loaded with `--import` before anything else: hands the mutation to the thread that loads modules.
import { register } from 'node:module';

const mutation = JSON.parse(process.env.ORDO_MUTATION ?? 'null');
if (mutation !== null) register('./mutate.mjs', import.meta.url, { data: mutation });
