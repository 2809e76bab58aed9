/**
 * Values as they move through the platform.
 *
 * | schema type            | value                                                                    |
 * |------------------------|--------------------------------------------------------------------------|
 * | int8 int16 int32       | number                                                                   |
 * | int64                  | number when safe (±2^53−1), else bigint                                  |
 * | float32 float64        | number                                                                   |
 * | boolean, string        | boolean, string                                                          |
 * | bytes                  | Uint8Array                                                               |
 * | array                  | array                                                                    |
 * | map                    | Map                                                                      |
 * | struct                 | plain object                                                             |
 * | Decimal                | string: plain decimal text with the schema's scale                       |
 * | Date, Time, Timestamp  | number: days, milliseconds of the day, milliseconds since the epoch      |
 *
 * Without a schema: null, boolean, number, bigint, string, Uint8Array, arrays, plain objects (a JSON object), or Maps.
 */
export type Value =
  null | boolean | number | bigint | string | Uint8Array | readonly Value[] | ReadonlyMap<Value, Value> | StructValue

export interface StructValue {
  readonly [field: string]: Value
}
