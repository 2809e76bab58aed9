/** Refusals in Kafka Connect's words. */
import type { SettingsValidation } from '@sluice/sdk'
import { HerderError } from './herder.ts'

export function connectorNotFound(connector: string): HerderError {
  return new HerderError(404, `Connector ${connector} not found`)
}

/** Of restarts, which Connect words with a colon, and of state changes, which it does not. */
export function unknownConnector(connector: string, colon: ':' | '' = ''): HerderError {
  return new HerderError(404, `Unknown connector${colon} ${connector}`)
}

export function staleConfiguration(): HerderError {
  return new HerderError(
    409,
    'Cannot complete request momentarily due to stale configuration (typically caused by a concurrent config change)',
  )
}

/** Every complaint on a line of its own. */
export function invalidConfiguration(validation: SettingsValidation): HerderError {
  const errors = invalidSettings(validation)
  return new HerderError(
    400,
    `Connector configuration is invalid and contains the following ${validation.error_count} error(s):` +
      errors.map((error) => `\n${error}`).join('') +
      '\nYou can also find the above list of errors at the endpoint `/connector-plugins/{connectorType}/config/validate`',
  )
}

/** Each complaint, in the order of the settings. */
export function invalidSettings({ configs }: SettingsValidation): readonly string[] {
  return configs.flatMap((config) => config.value.errors)
}

export function notStopped(connector: string): HerderError {
  return new HerderError(
    400,
    'Connectors must be in the STOPPED state before their offsets can be modified. This can be done for the specified ' +
      `connector by issuing a 'PUT' request to the '/connectors/${connector}/stop' endpoint`,
  )
}
