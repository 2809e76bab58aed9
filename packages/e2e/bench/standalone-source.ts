import { bundledPlugins } from '@sluice/cli'
import { silentLogger, type RawSettings } from '@sluice/sdk'
import { StandaloneWorker, type SourceProgress } from '@sluice/worker'
import { throwFailure } from './connector-failure.ts'

/** CPU-seconds of this process, from the start of a standalone worker until one of its sources has produced so many records. */
export async function costOfSource(
  settings: RawSettings,
  config: RawSettings & { readonly name: string },
  count: number,
): Promise<number> {
  const started = process.cpuUsage()
  const worker = await StandaloneWorker.start({
    settings,
    connectors: [{ config }],
    plugins: await bundledPlugins(settings),
    logger: silentLogger,
  })
  const produced = async (): Promise<number> => {
    const [task] = await worker.progress(config.name)
    return (task?.progress as SourceProgress | undefined | null)?.produced ?? 0
  }
  try {
    while ((await produced()) < count) {
      throwFailure(worker)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  } finally {
    await worker.stop()
  }
  return cpuSeconds(started)
}

/** User and system. */
export function cpuSeconds(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since)
  return (user + system) / 1e6
}
