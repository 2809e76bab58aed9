/** What a connector says of the converters that it names itself. */
import {
  defineSettings,
  oneOf,
  SluiceError,
  type ConverterPlugin,
  type RawSettings,
  type SettingsDeclaration,
  type ValidatedSetting,
} from '@sluice/sdk'
import { below } from '../settings.ts'
import type { ConverterPart } from './enriched-settings.ts'

/** `converter.type` stands in front of every converter's own settings: it is the part that it converts. */
const typeSetting = defineSettings({
  'converter.type': {
    type: 'string',
    validator: oneOf('key', 'value', 'header'),
    importance: 'low',
    documentation: 'What the converter converts: key, value or header. The worker sets it.',
  },
})

export function converterSettings(plugin: ConverterPlugin): SettingsDeclaration {
  return (typeSetting as SettingsDeclaration).extend(plugin.settings ?? defineSettings({}))
}

/** Its own settings, under the connector's names, with what is wrong with them. */
export function validatedConverter(
  plugin: ConverterPlugin,
  part: ConverterPart,
  config: RawSettings,
): readonly ValidatedSetting[] {
  const prefix = `${part}.converter.`
  const own = { 'converter.type': part, ...below(prefix, config) }
  return converterSettings(plugin)
    .validate(own)
    .configs.map(({ definition, value }) => ({
      definition: definition && { ...definition, name: prefix + definition.name },
      value: { ...value, name: prefix + value.name },
    }))
}

/** What its declarations cannot see: undefined when it can be made. */
export function makingProblem(plugin: ConverterPlugin, part: ConverterPart, config: RawSettings): string | undefined {
  return problemOf(() => plugin.create(below(`${part}.converter.`, config), part))
}

/** The sentence of the error that making something ends in. */
export function problemOf(make: () => unknown): string | undefined {
  try {
    make()
    return undefined
  } catch (error) {
    const { message } = error as Error
    return error instanceof SluiceError && error.remedy !== undefined ? `${message}. ${error.remedy}` : message
  }
}
