/** Where a command listens that serves others. */
import type { OptionDeclaration } from './declaration.ts'

export const hostOption = {
  type: 'text',
  value: 'HOST',
  default: '127.0.0.1',
  documentation: 'The address it listens at',
} as const satisfies OptionDeclaration

export function portOption<const P extends string>(byDefault: P) {
  return {
    type: 'number',
    value: 'PORT',
    max: 65_535,
    default: byDefault,
    documentation: 'Where it listens; 0: any free port',
  } as const satisfies OptionDeclaration
}
