/** The parser of .proto files, loaded when the first one is read: most programs never see one, and it takes megabytes and a start's time. */
import { createRequire } from 'node:module'
import type protobuf from 'protobufjs'

const require = createRequire(import.meta.url)
let loaded: typeof protobuf | undefined

export function protobufjs(): typeof protobuf {
  return (loaded ??= require('protobufjs') as typeof protobuf)
}

/** Where nothing is defined yet. */
export function newRoot(): protobuf.Root {
  const { Root } = protobufjs()
  return new Root()
}
