import { ApiError } from '../api/handler.ts'

/** Types of settings, as DescribeConfigs has them. */
export type SettingType = 'boolean' | 'string' | 'int' | 'short' | 'long' | 'double' | 'list' | 'password'

/** One setting by Kafka's name. */
export interface Setting {
  readonly name: string
  readonly type: SettingType
  /** As text; null when it has none. */
  readonly default: string | null
  readonly documentation: string
  /** Can be altered while the broker runs. */
  readonly isDynamic: boolean
  /** The lowest and highest number it takes. */
  readonly range?: readonly [number, number]
  /** All that a text, or each element of a list, may be. */
  readonly choices?: readonly string[]
}

const WHOLE_NUMBERS: Readonly<Record<string, readonly [number, number]>> = {
  short: [-32_768, 32_767],
  int: [-2_147_483_648, 2_147_483_647],
  long: [-(2 ** 63), 2 ** 63],
}

/** Throws INVALID_CONFIG in a sentence that names the setting, unless it takes this value. */
export function checkSetting({ name, type, range, choices }: Setting, value: string): void {
  const refuse = (reason: string): never => {
    throw new ApiError('INVALID_CONFIG', `Invalid value ${value} for configuration ${name}: ${reason}`)
  }
  if (type === 'boolean' && !/^(true|false)$/i.test(value)) refuse('Expected value to be either true or false')
  const limits = WHOLE_NUMBERS[type]
  if (limits !== undefined || type === 'double') {
    const number = Number(value)
    if (value.trim() === '' || Number.isNaN(number)) refuse(`Not a number of type ${type.toUpperCase()}`)
    if (limits !== undefined && (!/^[+-]?\d+$/.test(value.trim()) || number < limits[0] || number > limits[1])) {
      refuse(`Not a number of type ${type.toUpperCase()}`)
    }
    if (range !== undefined && number < range[0]) refuse(`Value must be at least ${range[0]}`)
    if (range !== undefined && number > range[1]) refuse(`Value must be no more than ${range[1]}`)
  }
  if (choices !== undefined) {
    for (const part of type === 'list' ? listOf(value) : [value]) {
      if (!choices.includes(part)) refuse(`String must be one of: ${choices.join(', ')}`)
    }
  }
}

/** The elements of a list setting. */
export function listOf(value: string): string[] {
  return value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}
