/** What a connector itself says of a config: the part of validation that runs its code, and may be done in another process. */
import type { Connector, RawSettings, SettingProblem, SourceConnector } from '@sluice/sdk'

/**
 * @param config resolved, and right by the connector's own declarations
 * @throws what the connector throws
 */
export async function connectorProblems(
  connector: Connector,
  config: RawSettings,
  signal: AbortSignal,
): Promise<readonly SettingProblem[]> {
  const capabilities = connector.kind === 'source' ? sourceProblems(connector, config) : []
  return [...capabilities, ...((await connector.validate?.(config, signal)) ?? [])]
}

/** Whether it can do what is asked of a source (KIP-618), in Connect's words. */
function sourceProblems(connector: SourceConnector, config: RawSettings): readonly SettingProblem[] {
  return [
    ...askedOf('exactly.once.support', 'required', config, () => {
      const support = connector.exactlyOnceSupport?.(connector.settings.parse(config))
      if (support === 'supported') return undefined
      return support === 'unsupported'
        ? 'The connector does not support exactly-once semantics with the provided configuration.'
        : 'The connector does not implement the API required for preflight validation of exactly-once source support. Please consult the documentation for the connector to determine whether it supports exactly-once semantics, and then consider reconfiguring the connector to use the value "requested" for this property (which will disable this preflight check and allow the connector to be created).'
    }),
    ...askedOf('transaction.boundary', 'connector', config, () =>
      connector.canDefineTransactionBoundaries?.(connector.settings.parse(config)) === true
        ? undefined
        : 'The connector does not support connector-defined transaction boundaries with the given configuration. Please reconfigure it to use a different transaction boundary definition.',
    ),
  ]
}

/** The complaint about a setting that has this word, if there is one. */
function askedOf(
  setting: string,
  word: string,
  config: RawSettings,
  complaint: () => string | undefined,
): readonly SettingProblem[] {
  if (config[setting]?.trim().toLowerCase() !== word) return []
  let message: string | undefined
  try {
    message = complaint()
  } catch (error) {
    const reason = (error as Error).message.trim()
    message = `An unexpected error occurred during validation${reason === '' ? '; please see the worker logs for more details.' : `: ${reason}`}`
  }
  return message === undefined ? [] : [{ setting, message }]
}
