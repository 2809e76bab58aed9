import type { OptionDeclaration } from './declaration.ts'

/** Whoever has it takes what it is not given from a context: see contexts.ts. */
export const contextOption = {
  type: 'text',
  value: 'NAME',
  env: 'SLUICE_CONTEXT',
  completes: 'context',
  documentation: 'Which cluster of the configuration file is meant; see sluice config',
} as const satisfies OptionDeclaration
