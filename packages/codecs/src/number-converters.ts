/** Kafka Connect's converters of one number each: big-endian, of fixed width; read as an optional number. */
import { DataError, primitive } from '@sluice/sdk'
import type { Converter, ConverterPlugin, PrimitiveType, Schema, Value } from '@sluice/sdk'
import { ByteSlab } from './byte-slab.ts'
import { javaClass } from './java-class.ts'
import { longValue } from './json/json-node.ts'
import { bufferOf } from './utf8-text.ts'

interface NumberFormat {
  readonly type: PrimitiveType
  readonly width: number
  /** Java's name of the type, in messages. */
  readonly javaType: string
  /** Numbers of another type are converted as Java does it: whole numbers wrap, others are cut and stop at the limits. */
  readonly write: (bytes: Buffer, value: number | bigint, at: number) => void
  readonly read: (bytes: Buffer) => number | bigint
}

/** 16 bits. */
export const shortConverter: ConverterPlugin = numberConverter('short', 'Short', {
  type: 'int16',
  width: 2,
  javaType: 'short',
  write: (bytes, value, at) => bytes.writeInt16BE(Number(BigInt.asIntN(16, whole(value, 32))), at),
  read: (bytes) => bytes.readInt16BE(),
})

/** 32 bits. */
export const integerConverter: ConverterPlugin = numberConverter('integer', 'Integer', {
  type: 'int32',
  width: 4,
  javaType: 'integer',
  write: (bytes, value, at) => bytes.writeInt32BE(Number(BigInt.asIntN(32, whole(value, 32))), at),
  read: (bytes) => bytes.readInt32BE(),
})

/** 64 bits. */
export const longConverter: ConverterPlugin = numberConverter('long', 'Long', {
  type: 'int64',
  width: 8,
  javaType: 'long',
  write: writeLong,
  read: readLong,
})

/** IEEE 754, 32 bits. */
export const floatConverter: ConverterPlugin = numberConverter('float', 'Float', {
  type: 'float32',
  width: 4,
  javaType: 'float',
  write: (bytes, value, at) => bytes.writeFloatBE(Number(value), at),
  read: (bytes) => bytes.readFloatBE(),
})

/** IEEE 754, 64 bits. */
export const doubleConverter: ConverterPlugin = numberConverter('double', 'Double', {
  type: 'float64',
  width: 8,
  javaType: 'double',
  write: (bytes, value, at) => bytes.writeDoubleBE(Number(value), at),
  read: (bytes) => bytes.readDoubleBE(),
})

function numberConverter(name: string, className: string, format: NumberFormat): ConverterPlugin {
  return {
    name,
    aliases: [`org.apache.kafka.connect.converters.${className}Converter`, `${className}Converter`],
    documentation: `A number in ${format.width} bytes, big-endian; read as an optional ${format.type}.`,
    create: () => new NumberConverter(format, className),
  }
}

/** Two halves: a bigint is made only of what is no safe integer. */
const HALF = 2 ** 32

function writeLong(bytes: Buffer, value: number | bigint, at: number): void {
  if (typeof value === 'number' && Number.isSafeInteger(value)) {
    bytes.writeInt32BE(Math.floor(value / HALF), at)
    bytes.writeInt32BE(value | 0, at + 4)
  } else bytes.writeBigInt64BE(BigInt.asIntN(64, whole(value, 64)), at)
}

function readLong(bytes: Buffer): number | bigint {
  const value = bytes.readInt32BE(0) * HALF + bytes.readUInt32BE(4)
  return Number.isSafeInteger(value) ? value : longValue(bytes.readBigInt64BE())
}

/** Java's `(long)` or `(int)` of a double, and a whole number as it is. */
function whole(value: number | bigint, bits: 32 | 64): bigint {
  if (typeof value === 'bigint') return value
  if (Number.isSafeInteger(value)) return BigInt(value)
  if (Number.isNaN(value)) return 0n
  const limit = 2n ** BigInt(bits - 1)
  if (value >= Number(limit)) return limit - 1n
  return value <= -Number(limit) ? -limit : BigInt(Math.trunc(value))
}

class NumberConverter implements Converter {
  readonly #format: NumberFormat
  readonly #className: string
  readonly #schema: Schema

  constructor(format: NumberFormat, className: string) {
    this.#format = format
    this.#className = className
    this.#schema = primitive(format.type, { optional: true })
  }

  encoder(): (value: Value) => Uint8Array | null {
    const { width, write, javaType } = this.#format
    const slab = new ByteSlab()
    return (value) => {
      if (value === null || value === undefined) return null
      if (typeof value !== 'number' && typeof value !== 'bigint')
        throw new DataError(`Failed to serialize to ${javaType} (was class ${javaClass(value)}): `)
      const at = slab.reserve(slab.begin(), width)
      write(slab.bytes, value, at)
      return slab.take(at + width)
    }
  }

  decode(_topic: string, bytes: Uint8Array | null): { schema: Schema; value: Value } {
    const { width, read, javaType } = this.#format
    if (bytes === null) return { schema: this.#schema, value: null }
    if (bytes.length !== width)
      throw new DataError(`Failed to deserialize ${javaType}: `, {
        cause: new DataError(`Size of data received by ${this.#className}Deserializer is not ${width}`),
      })
    return { schema: this.#schema, value: read(bufferOf(bytes)) }
  }
}
