import { connectRegistry } from '@sluice/schema-registry'
import type { SchemaRegistry } from '@sluice/schema-registry'
import { type ConverterPlugin, type SettingsDeclaration, type SettingsShape, SluiceError } from '@sluice/sdk'
import { RegistryConverter } from './registry-converter.ts'
import type { RegistryFormat } from './registry-format.ts'
import type { SubjectSettings } from './subject-settings.ts'

/** Over a registry that is there. @throws SluiceError SETTINGS_INVALID for an unknown strategy */
export type ConverterWith<S> = (settings: S, side: 'key' | 'value', registry: SchemaRegistry) => RegistryConverter

export function converterWith<S extends SubjectSettings & { readonly 'schemas.cache.config': number }>(
  formatOf: (settings: S) => RegistryFormat,
): ConverterWith<S> {
  return (settings, side, registry) => {
    const format = formatOf(settings)
    return new RegistryConverter({ format, settings, side, registry, schemasMax: settings['schemas.cache.config'] })
  }
}

/** The plugin of a format whose schemas are in a registry: for keys and values. */
export function registryPlugin<S extends SettingsShape>({
  title,
  open,
  settings,
  ...about
}: Pick<ConverterPlugin, 'name' | 'aliases' | 'documentation'> & {
  /** As people call it. */
  readonly title: string
  readonly settings: SettingsDeclaration<S>
  readonly open: ConverterWith<S>
}): ConverterPlugin {
  return {
    ...about,
    settings,
    sides: ['key', 'value'],
    create: (raw, side) => {
      if (side === 'header')
        throw new SluiceError('SETTINGS_INVALID', `The ${title} converter converts keys and values, not headers`)
      return open(settings.parse(raw), side, connectRegistry(raw))
    },
  }
}
