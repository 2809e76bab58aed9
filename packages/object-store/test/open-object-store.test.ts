import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from '@jest/globals'
import { openObjectStore } from '@sluice/object-store'

test('a plain path is a folder, relative ones to the working directory', () => {
  expect(openObjectStore('./some lake').url).toBe(pathToFileURL(resolve('some lake')).href)
  expect(openObjectStore('/var/lake/').url).toBe('file:///var/lake')
})

test.each(['ftp://host/lake', 's3://bucket/lake', '', '  ', 'file://otherhost/lake', 'file:relative/../%'])(
  'the URL %j is refused with what would be right',
  (url) => {
    let refusal: unknown
    try {
      openObjectStore(url)
    } catch (error) {
      refusal = error
    }
    expect(refusal).toMatchObject({ code: 'SETTINGS_INVALID', remedy: expect.stringContaining('file:') })
  },
)
