/** What a worker finds wrong with settings. */
import { SluiceError } from '@sluice/sdk'
import type { ConnectClient, ValidationShown } from '@sluice/worker/client'
import type { WantedConnector } from './connector-files.ts'

export interface Finding {
  readonly setting: string
  readonly error: string
}

/** Nothing is stored. @throws SluiceError as of ConnectClient, but not CONNECT_INVALID: that is a finding, too */
export async function findingsOf(
  client: ConnectClient,
  { config }: WantedConnector,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const plugin = config['connector.class']!
  try {
    return findingsIn(await client.call('validateConfig', { path: { plugin }, body: config }, signal))
  } catch (error) {
    if (!(error instanceof SluiceError) || (error.code !== 'CONNECT_INVALID' && error.code !== 'CONNECT_UNKNOWN'))
      throw error
    return [{ setting: 'connector.class', error: error.message }]
  }
}

function findingsIn({ configs }: ValidationShown): readonly Finding[] {
  return configs.flatMap(({ value }) => value.errors.map((error) => ({ setting: value.name, error })))
}
