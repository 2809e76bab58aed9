/**
 * What runs elsewhere by the name of its file: the program of a cell, and what a cell loads first. They are named here, at the top of the
 * package, because the build makes few files of many: modules within lose their places, and these are kept (`programs` in package.json).
 */
const here = import.meta.url

/** Whether this is TypeScript, and what is started from here is. */
export const isSource: boolean = here.endsWith('.ts')
const ending = isSource ? '.ts' : '.js'

export const CELL_MAIN: URL = new URL(`cells/cell-main${ending}`, here)
export const KAFKA_ENVIRONMENT: URL = new URL(`cells/kafka-environment${ending}`, here)
export const PROCESSOR_ENVIRONMENT: URL = new URL(`processors/processor-environment${ending}`, here)
