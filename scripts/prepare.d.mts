// Types of prepare.mjs, which is plain JavaScript because it runs before anything is installed.
export declare const root: string;
export declare const binaries: string;
export declare const pinnedNode: string;
export declare const venvBinaries: string;
export declare const venvPython: string;
export declare function preparedEnvironment(): NodeJS.ProcessEnv;
export declare function prepare(options?: { readonly python?: boolean }): void;
