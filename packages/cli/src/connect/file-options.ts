import { SluiceError } from '@sluice/sdk'
import type { Options } from '../command-line/declaration.ts'

export const fileOptions = {
  filename: {
    type: 'text',
    short: 'f',
    value: 'FILE',
    isRepeated: true,
    completes: 'file',
    documentation: 'File of JSON, YAML or properties, a folder of them, or - for standard input; may be repeated',
  },
} as const satisfies Options

/** @throws SluiceError USAGE_INVALID when there is none */
export function filesGiven(command: string, files: readonly string[]): readonly string[] {
  if (files.length > 0) return files
  throw new SluiceError('USAGE_INVALID', `${command} needs -f FILE`, {
    remedy: 'Give a file, a folder, or - for standard input.',
  })
}
