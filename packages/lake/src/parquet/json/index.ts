/** JSON text straight into columns. */
export { JsonColumns } from './fill.ts'
export { JsonLayout } from './layout.ts'
export type { JsonField, JsonFieldType, JsonTextOf, LocatedRow } from './layout.ts'
export { fieldReader } from './values.ts'
