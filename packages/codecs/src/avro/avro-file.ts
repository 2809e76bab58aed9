/** Avro's object container files (Avro 1.12 specification, "Object Container Files"): values behind one schema. */
import { createHash } from 'node:crypto'
import { deflateRawSync } from 'node:zlib'
import { AvroParser } from '@sluice/schema-registry'
import type { Schema, Value } from '@sluice/sdk'
import { AvroOutput } from './avro-output.ts'
import type { AvroMapping } from './avro-settings.ts'
import { compileWrite } from './avro-writing.ts'
import { schemaToAvro } from './schema-to-avro.ts'
import type { WriteAvro } from './scalar-writing.ts'

export type AvroFileCodec = 'null' | 'deflate'

export interface AvroFileOptions {
  /** Default: null, which is none. */
  readonly codec?: AvroFileCodec
  /** As the setting of this name of AvroConverter. Default: false. */
  readonly enhanced?: boolean
  /** As the setting `connect.meta.data` of AvroConverter. Default: true. */
  readonly hasConnectMetaData?: boolean
}

const MAGIC = Buffer.from('Obj\x01', 'latin1')
const NOTHING = new Uint8Array(0)
/** Avro's own default: a block ends when its values take this many bytes. */
const BLOCK_BYTES = 64_000

/**
 * Writes one file in memory. Equal values, schema and options give equal bytes: the mark between blocks follows from the schema, where
 * other writers draw it.
 */
export class AvroFileWriter {
  readonly #write: WriteAvro
  readonly #codec: AvroFileCodec
  readonly #sync: Uint8Array
  readonly #out = new AvroOutput()
  readonly #chunks: Uint8Array[] = []
  #block: Uint8Array[] = []
  #blockBytes = 0
  #written = 0

  /** @throws SchemaError, DataError for a schema that Avro has no words for */
  constructor(schema: Schema, { codec = 'null', enhanced = false, hasConnectMetaData = true }: AvroFileOptions = {}) {
    const mapping: AvroMapping = {
      'enhanced.avro.schema.support': enhanced,
      'connect.meta.data': hasConnectMetaData,
      'generalized.sum.type.support': false,
      'ignore.default.for.nullables': false,
      'allow.optional.map.keys': false,
      'flatten.singleton.unions': false,
      'scrub.invalid.names': false,
    }
    const text = schemaToAvro(schema, mapping)
    this.#write = compileWrite(new AvroParser().parse(text), schema, mapping)
    this.#codec = codec
    this.#sync = createHash('md5').update(text).digest()
    this.#put(this.#header(text))
  }

  /** About the size of the file if it ended now. */
  get bytes(): number {
    return this.#written + this.#blockBytes
  }

  /** @throws DataError for a value that does not fit; the file is as before then */
  append(value: Value): void {
    this.prepare(value)()
  }

  /** The first half of `append`, which may throw; the second, which may not, is what it gives: for files that belong together. */
  prepare(value: Value): () => void {
    this.#out.begin(NOTHING)
    this.#write(this.#out, value)
    const bytes = this.#out.finish()
    return () => {
      this.#block.push(bytes)
      this.#blockBytes += bytes.length
      if (this.#blockBytes >= BLOCK_BYTES) this.#endBlock()
    }
  }

  /** The file's bytes; nothing can be appended afterwards. */
  finish(): Uint8Array {
    this.#endBlock()
    return Buffer.concat(this.#chunks)
  }

  #header(text: string): Uint8Array {
    const out = this.#out
    out.begin(MAGIC)
    out.int(2)
    for (const [key, value] of [
      ['avro.schema', text],
      ['avro.codec', this.#codec],
    ] as const) {
      out.string(key)
      // The metadata's values are bytes, which are written as texts are.
      out.string(value)
    }
    out.byte(0)
    out.raw(this.#sync)
    return out.finish()
  }

  #endBlock(): void {
    if (this.#block.length === 0) return
    const plain = Buffer.concat(this.#block, this.#blockBytes)
    const body = this.#codec === 'deflate' ? deflateRawSync(plain) : plain
    this.#out.begin(NOTHING)
    this.#out.int(this.#block.length)
    this.#out.int(body.length)
    this.#put(this.#out.finish())
    this.#put(body)
    this.#put(this.#sync)
    this.#block = []
    this.#blockBytes = 0
  }

  #put(bytes: Uint8Array): void {
    this.#chunks.push(bytes)
    this.#written += bytes.length
  }
}
