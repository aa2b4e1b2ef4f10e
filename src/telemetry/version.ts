// The version of the running code.
import manifest from '../../package.json' with { type: 'json' };

export const VERSION: string = manifest.version;
