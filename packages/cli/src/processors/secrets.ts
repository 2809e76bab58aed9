/** Deployments of a processor as they are shown. */
import type { ConnectClient, ProcessorVersionShown } from '@sluice/worker/client'
import { HIDDEN, secretsNamed } from '../connect/secrets.ts'

/**
 * Without the values that are secret: by what the code declares, where this worker has it and can run it; by how settings are called; and
 * by how values look.
 * @throws SluiceError as of ConnectClient
 */
export async function versionsWithoutSecrets(
  client: ConnectClient,
  processor: string,
  versions: readonly ProcessorVersionShown[],
  signal: AbortSignal,
): Promise<readonly ProcessorVersionShown[]> {
  // Of each code once, with its newest settings.
  const ofClass = new Map(versions.toReversed().map(({ config }) => [config['processor.class'], config]))
  const declared = new Set<string>()
  for (const body of ofClass.values()) {
    const { configs } = await client.call('validateProcessorConfig', { path: { processor }, body }, signal)
    for (const { definition } of configs) if (definition?.type === 'PASSWORD') declared.add(definition.name)
  }
  const secrets = secretsNamed(declared)
  return versions.map((version) => ({
    ...version,
    config: Object.fromEntries(
      Object.entries(version.config).map(([name, value]) => [name, secrets.hides(name, value) ? HIDDEN : value]),
    ),
  }))
}
