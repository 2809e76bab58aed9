/** Loaded before a program: when that ends, it writes what its process has used to the file that LAKE_BENCH_USAGE names. */
import fs from 'node:fs'

/** Of a whole process, from its start to its end. */
export interface Usage {
  readonly cpuSeconds: number
  readonly peakMiB: number
}

const file = process.env['LAKE_BENCH_USAGE']
if (file !== undefined)
  process.once('exit', () => {
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
    const usage: Usage = { cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, peakMiB: maxRSS / 1024 }
    fs.writeFileSync(file, JSON.stringify(usage))
  })
