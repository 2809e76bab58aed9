/** What the herder is told of plugins and settings. */
import type { RawSettings, SettingDefinition, SettingsDeclaration, SettingsValidation } from '@sluice/sdk'
import { HerderError, type ConnectorType, type PluginInfo } from '../herder/herder.ts'
import type { HerderPlugins } from '../herder/ports.ts'
import { PluginVersionMissing, type ShelvedPlugin } from '../plugins/shelf.ts'
import { parseVersionRange, type VersionRange } from '../plugins/version-range.ts'
import { converterSettings } from './converter-settings.ts'
import { ownSettings } from './own-settings.ts'
import { connectSinkSettings } from './sink-settings.ts'
import { connectSourceSettings, ownSourceSettings } from './source-settings.ts'
import { validateConnector, type GivenConfig, type ValidationParts } from './validator.ts'

export class PluginDirectory implements HerderPlugins {
  readonly #parts: ValidationParts
  readonly #signal: AbortSignal

  /** @param signal aborts what is being validated, when the worker stops */
  constructor(parts: ValidationParts, signal: AbortSignal) {
    this.#parts = parts
    this.#signal = signal
  }

  list(connectorsOnly: boolean): readonly PluginInfo[] {
    return this.#parts.plugins.list(connectorsOnly)
  }

  /** A connector's own come first, then what all of its kind have. */
  async definitions(plugin: string, version: string | undefined): Promise<readonly SettingDefinition[]> {
    const { connectors, converters, transforms, predicates } = this.#parts.plugins
    const range = rangeOf(version)
    if (connectors.findIfThere(plugin) !== undefined) {
      const found = versionOf(() => connectors.find(plugin, range))
      const { kind, settings } = await found.load()
      return connectorDefinitions(kind, settings, found.version)
    }
    if (converters.findIfThere(plugin) !== undefined)
      return converterSettings(await versionOf(() => converters.find(plugin, range)).load()).definitions()
    const stages = [transforms, predicates].find((shelf) => shelf.findIfThere(plugin) !== undefined)
    if (stages === undefined) throw new HerderError(404, `Unknown plugin ${plugin}.`)
    const stage: ShelvedPlugin<{ readonly settings?: SettingsDeclaration }> = versionOf(() =>
      stages.find(plugin, range),
    )
    return (await stage.load()).settings?.definitions() ?? []
  }

  async validate(plugin: string | null, config: GivenConfig): Promise<SettingsValidation> {
    const named = config['connector.class'] ?? null
    if (plugin !== null && named !== null && !this.#isSame(named, plugin))
      throw new HerderError(400, `Included connector type ${named} does not match request type ${plugin}`)
    return validateConnector(config, this.#parts, this.#signal)
  }

  connectorType(config: RawSettings): ConnectorType {
    return this.#parts.plugins.connectorType(config['connector.class'] ?? '')
  }

  /** As Connect compares them: by the end of the name, without "Connector"; or by the plugin that both are. */
  #isSame(named: string, asked: string): boolean {
    const { connectors } = this.#parts.plugins
    const plugin = connectors.findIfThere(named)
    return pruned(named).endsWith(pruned(asked)) || (plugin !== undefined && plugin === connectors.findIfThere(asked))
  }
}

function connectorDefinitions(
  kind: 'source' | 'sink',
  own: SettingsDeclaration,
  version: string,
): readonly SettingDefinition[] {
  const connects: SettingsDeclaration = kind === 'source' ? connectSourceSettings : connectSinkSettings
  const beyond: SettingsDeclaration = kind === 'source' ? ownSourceSettings : ownSettings
  const names = new Set(Object.keys(own.declarations))
  return [
    ...own.definitions(),
    ...connects
      .extend(beyond)
      .definitions()
      .filter(({ name }) => !names.has(name))
      .map((definition) =>
        definition.name === 'connector.plugin.version' ? { ...definition, default_value: version } : definition,
      ),
  ]
}

function rangeOf(version: string | undefined): VersionRange | null {
  try {
    return parseVersionRange(version)
  } catch (cause) {
    throw new HerderError(400, (cause as Error).message, { cause })
  }
}

function versionOf<P>(find: () => P): P {
  try {
    return find()
  } catch (cause) {
    if (cause instanceof PluginVersionMissing) throw new HerderError(400, cause.message, { cause })
    throw cause
  }
}

function pruned(name: string): string {
  return name.length > 'Connector'.length && name.endsWith('Connector') ? name.slice(0, -'Connector'.length) : name
}
