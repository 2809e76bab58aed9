/**
 * The name of the Java class that Kafka Connect would have at hand instead of a value, for messages that people search for.
 */
export function javaClass(value: unknown): string {
  if (typeof value === 'string') return 'java.lang.String'
  if (typeof value === 'boolean') return 'java.lang.Boolean'
  if (typeof value === 'number') return Number.isInteger(value) ? 'java.lang.Long' : 'java.lang.Double'
  if (typeof value === 'bigint') return BigInt.asIntN(64, value) === value ? 'java.lang.Long' : 'java.math.BigInteger'
  if (value === null) return 'null'
  return typeof value === 'object' ? objectClass(value) : typeof value
}

function objectClass(value: object): string {
  if (value instanceof Uint8Array) return '[B'
  if (Array.isArray(value)) return 'java.util.ArrayList'
  if (value instanceof Map) return 'java.util.HashMap'
  if (value instanceof Date) return 'java.util.Date'
  return isPlainObject(value) ? 'java.util.HashMap' : value.constructor.name
}

/** Whether an object is a struct or a JSON object, and not the instance of some class. */
export function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  // The second condition lets in the plain objects of another realm, whose `Object.prototype` is not ours.
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null
}
