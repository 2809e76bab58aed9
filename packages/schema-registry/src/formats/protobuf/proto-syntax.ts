/** The text of a .proto file, taken apart. */
import { SchemaError } from '@sluice/sdk'
import type protobuf from 'protobufjs'
import { newRoot, protobufjs } from './protobufjs.ts'

/**
 * @param root what is defined already; default: nothing
 * @throws SchemaError for what is no .proto file
 */
export function parsedProto(text: string, root: protobuf.Root = newRoot()): protobuf.IParserResult {
  const before = root.nestedArray.length
  try {
    const result = protobufjs().parse(text, root, { keepCase: true })
    if (before === 0 && result.root.nestedArray.length === 0) throw new Error('it is empty')
    return result
  } catch (cause) {
    throw unreadable(cause)
  }
}

export function unreadable(cause: unknown): SchemaError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new SchemaError(`The Protobuf schema cannot be read: ${reason}`, { cause })
}
