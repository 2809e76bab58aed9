/** JSONPath, as far as it leads to one field: `$.a.b`, `$["a"]["b"]`, `$['a'].b`. */
import { SluiceError } from '@sluice/sdk'

const STEP = /\.([\w$-]+)|\[\s*"([^"\\]*)"\s*\]|\[\s*'([^'\\]*)'\s*\]/y

/** The names along a path. @throws SluiceError SETTINGS_INVALID for what is no such path */
export function jsonPath(text: string, setting: string): readonly string[] {
  const steps: string[] = []
  STEP.lastIndex = text.startsWith('$') ? 1 : 0
  while (STEP.lastIndex < text.length) {
    const found = STEP.exec(text)
    if (found === null)
      throw new SluiceError(
        'SETTINGS_INVALID',
        `Invalid value ${text} for configuration ${setting}: not a path to a field`,
        {
          remedy: 'Write the path as $["outer"]["inner"] or $.outer.inner, without lists, filters and wildcards.',
        },
      )
    steps.push((found[1] ?? found[2] ?? found[3])!)
  }
  return steps
}
