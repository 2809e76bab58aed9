/** What tests and benchmarks start besides the command itself. */
export { bundledPlugins } from './bundled.ts'
