/** What converters are tested with, and what an implementation of the door is tested with. */
export type { SchemaRegistry } from '../registry-port.ts'
