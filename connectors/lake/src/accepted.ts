import { Password, validatedBy } from '@sluice/sdk'
import type { Validator } from '@sluice/sdk'

/** A validator that asks the code which will take the value: it throws, or gives its complaint. */
export function accepted(description: string, take: (value: string) => unknown): Validator {
  return validatedBy(description, (value) => {
    try {
      const complaint = take(value instanceof Password ? value.value() : String(value))
      return typeof complaint === 'string' ? complaint : undefined
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  })
}
