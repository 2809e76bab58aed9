/**
 * What runs elsewhere by the name of its file: the program of an encoder's thread. It is named here, at the top of the package, because
 * the build makes few files of many: modules within lose their places, and this one is kept (`programs` in package.json).
 */
const here = import.meta.url

/** Whether this is TypeScript, and what is started from here is. */
export const isSource: boolean = here.endsWith('.ts')

export const ENCODER_THREAD_MAIN: URL = new URL(`parquet/threads/encoder-thread-main${isSource ? '.ts' : '.js'}`, here)
