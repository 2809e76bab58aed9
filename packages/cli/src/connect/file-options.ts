import { SluiceError } from '@sluice/sdk'
import type { Options, Values } from '../command-line/declaration.ts'

export const fileOption = {
  type: 'text',
  short: 'f',
  value: 'FILE',
  isRepeated: true,
  completes: 'file',
  documentation: 'File of JSON, YAML or properties, a folder of them, or - for standard input; may be repeated',
} as const

export const fileOptions = {
  filename: fileOption,
  recursive: { type: 'flag', short: 'R', documentation: 'With -f: also what is in folders of the folders' },
} as const satisfies Options

/** Files, folders, and `-`. */
export interface Places {
  readonly filename: readonly string[]
  readonly recursive: boolean
}

/** @throws SluiceError USAGE_INVALID when there is none */
export function filesGiven<V extends Pick<Values<typeof fileOptions>, 'filename'>>(command: string, values: V): V {
  if (values.filename.length > 0) return values
  throw new SluiceError('USAGE_INVALID', `${command} needs -f FILE`, {
    remedy: 'Give a file, a folder, or - for standard input.',
  })
}
