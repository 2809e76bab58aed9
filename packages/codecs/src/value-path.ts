/** Where inside a value an error struck: the path is put together on the way out, so that a good value pays nothing for it. */
import { DataError } from '@sluice/sdk'

const paths = new WeakMap<DataError, string>()

/** Notes one step (`.name`, `[3]`) on an error's way out of a value; to be thrown on. */
export function under(step: string, error: unknown): unknown {
  if (error instanceof DataError) paths.set(error, step + (paths.get(error) ?? ''))
  return error
}

/** The error as it leaves the converter: its place named, if it struck inside a value. */
export function located(error: unknown): unknown {
  const path = error instanceof DataError ? paths.get(error) : undefined
  if (path === undefined) return error
  const { message, code, cause, remedy } = error as DataError
  return new DataError(message, {
    code,
    cause,
    ...(remedy !== undefined && { remedy }),
    place: { field: path.replace(/^\./, '') },
  })
}
