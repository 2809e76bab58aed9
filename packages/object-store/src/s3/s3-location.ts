import { checkPath } from '../object-path.ts'

export interface S3Location {
  readonly bucket: string
  /** Without a slash at either end; may be empty. */
  readonly prefix: string
}

/** S3's names, and what other stores allow besides. */
const BUCKET = /^[A-Za-z0-9][A-Za-z0-9._-]{1,62}$/

/**
 * Bucket and prefix of `s3://bucket/prefix`. Both are literal: `%20` is three characters.
 * @returns what is wrong with the URL, in words, instead
 */
export function s3LocationOf(url: string): S3Location | string {
  const [, authority = '', rest = ''] = /^s3a?:\/\/([^/]*)\/?(.*)$/is.exec(url) ?? []
  if (authority.includes('@') || authority.includes(':'))
    return 'it names more than a bucket; credentials and endpoints are settings (aws.access.key.id, s3.endpoint)'
  if (!BUCKET.test(authority)) return 'it does not name a bucket, as in s3://bucket/prefix'
  if (authority.endsWith('--x-s3'))
    return 'it is a directory bucket, which does not list its objects in the order of their names'
  const prefix = rest.endsWith('/') ? rest.slice(0, -1) : rest
  try {
    if (prefix !== '') checkPath(prefix)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  return { bucket: authority, prefix }
}
