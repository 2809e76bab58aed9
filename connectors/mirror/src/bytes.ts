/** The records of a mirror are bytes already, whatever converters the worker has for others. */
import type { RawSettings, SettingProblem } from '@sluice/sdk'

const PARTS = ['key', 'value', 'header'] as const
const BYTES = 'org.apache.kafka.connect.converters.ByteArrayConverter'

/** The settings of a task, whose converters pass bytes as they are. */
export function withBytes(raw: RawSettings): RawSettings {
  return { 'key.converter': BYTES, 'value.converter': BYTES, 'header.converter': BYTES, ...raw }
}

/** Any other converter would make other bytes of them. */
export function converterProblems(raw: RawSettings): readonly SettingProblem[] {
  return PARTS.flatMap((part) => {
    const setting = `${part}.converter`
    const named = raw[setting]
    if (named === undefined || /(^|\.)ByteArrayConverter$|^bytes$/.test(named)) return []
    return [{ setting, message: `${named} would change what is written: leave ${setting} out, bytes pass as they are` }]
  })
}
