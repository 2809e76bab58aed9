/** Texts lose what is behind their first characters. */
import { atLeast, defineSettings } from '@sluice/sdk'
import type { TransformPlugin } from '@sluice/sdk'
import { textFields, textMask } from '../mask-side.ts'

const settings = defineSettings({
  fields: textFields('cut'),
  length: {
    type: 'int',
    validator: atLeast(0),
    importance: 'high',
    documentation: 'How many characters are left at most.',
  },
  suffix: {
    type: 'string',
    default: '',
    importance: 'low',
    documentation: 'What stands for the rest, such as …; it comes on top.',
  },
})

export const truncateField: readonly TransformPlugin[] = textMask(
  'truncate-field',
  'Texts lose what is behind their first characters.',
  settings,
  (raw) => {
    const { fields, length, suffix } = settings.parse(raw)
    return {
      fields,
      mask(text) {
        if (text.length <= length) return text
        // A character beyond the BMP counts as one, and is never cut in two.
        const kept = Array.from(text.slice(0, length * 2))
          .slice(0, length)
          .join('')
        return kept.length === text.length ? text : kept + suffix
      },
    }
  },
)
