import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, jest, test } from '@jest/globals'
import { objectStoreUrl, openObjectStore } from '@sluice/object-store'

test('a plain path is a folder, relative ones to the working directory', () => {
  expect(openObjectStore('./some lake').url).toBe(pathToFileURL(resolve('some lake')).href)
  expect(openObjectStore('/var/lake/').url).toBe('file:///var/lake')
})

test.each([
  'ftp://host/lake',
  's3://',
  's3://b',
  's3://bucket/a//b',
  's3://bucket/../x',
  's3://bucket--usw2-az1--x-s3/lake',
  '',
  '  ',
  'file://otherhost/lake',
  'file:relative/../%',
])('the URL %j is refused with what would be right', (url) => {
  let refusal: unknown
  try {
    openObjectStore(url)
  } catch (error) {
    refusal = error
  }
  expect(refusal).toMatchObject({ code: 'SETTINGS_INVALID', remedy: expect.stringContaining('file:') })
})

test.each([
  ['s3://bucket', 's3://bucket'],
  ['s3://bucket/', 's3://bucket'],
  ['s3a://bucket/my %20 lake/', 's3://bucket/my %20 lake'],
])('%s is bucket and prefix, taken literally', (url, opened) => {
  expect(openObjectStore(url).url).toBe(opened)
})

test.each(['s3://AKID:sesame@bucket/lake', 's3://AKID:open/sesame@bucket', 's3://AKID:s@ses/same@bucket'])(
  'credentials in a URL are refused and not repeated: %s',
  (url) => {
    const open = (): unknown => openObjectStore(url)
    expect(open).toThrow(/"s3:\/\/\[hidden\]@bucket(\/lake)?" is refused: .*credentials and endpoints are settings/)
    expect(open).not.toThrow(/ses/)
  },
)

test('credentials behind a scheme without slashes are not repeated', () => {
  expect(() => openObjectStore('ftp:me:sesame@host')).toThrow(/"ftp:\[hidden\]@host"/)
})

test('a setting that names a store is refused with its name, its value and what there is', () => {
  const check = (url: string | null) => objectStoreUrl.check('snapshot.url', url)
  expect(check('ftp://me:sesame@host/lake')).toBe(
    'Invalid value ftp://[hidden]@host/lake for configuration snapshot.url: The object store URL "ftp://[hidden]@host/lake" is refused: ' +
      'no object store serves the scheme ftp:. Use file:, memory:, s3:, s3a: or a path, for example file:///var/lake.',
  )
  expect(['s3://bucket/prefix', 'file:///var/lake', './lake', 'memory:', null].map(check)).toEqual(
    Array.from({ length: 5 }),
  )
})

test('to look at a setting opens no store', () => {
  const kept = jest.spyOn(Map.prototype, 'set')
  expect(objectStoreUrl.check('snapshot.url', 'memory:only looked at')).toBeUndefined()
  expect(kept).not.toHaveBeenCalled()
  openObjectStore('memory:opened')
  expect(kept).toHaveBeenCalledTimes(1)
  kept.mockRestore()
})

test('settings that do not fit are refused, all at once and without secrets', () => {
  const open = (): unknown =>
    openObjectStore('s3://bucket', { settings: { 'aws.secret.access.key': 'sesame', 's3.ssea.name': 'rot13' } })
  expect(open).toThrow(/s3\.ssea\.name/)
  expect(open).not.toThrow(/sesame/)
  expect(() => openObjectStore('s3://bucket', { settings: { 'aws.secret.access.key': 'sesame' } })).toThrow(
    /aws\.access\.key\.id must be given/,
  )
})
