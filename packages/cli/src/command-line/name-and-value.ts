import { SluiceError } from '@sluice/sdk'

/** What an option says as `name=value`. @throws SluiceError USAGE_INVALID */
export function nameAndValue(option: string, text: string): [name: string, value: string] {
  const at = text.indexOf('=')
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)]
  throw new SluiceError('USAGE_INVALID', `--${option} is '${text}', which is not name=value`, {
    remedy: `Write it as in --${option} name=value.`,
  })
}
