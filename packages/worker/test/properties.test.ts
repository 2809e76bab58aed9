import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { formatProperties, parseProperties, readProperties } from '../src/properties.ts'

test('reads what java.util.Properties reads', () => {
  const text = [
    '# comment',
    '! comment too',
    '',
    'a=1',
    ' b : 2 ',
    'c 3',
    'd=x\\',
    '   y',
    'e\\ f=g\\=h',
    'u=\\u00e4\\t!',
    'empty',
    'path=C:\\\\dir',
    'a=last',
  ].join('\r\n')
  expect(parseProperties(text)).toEqual({
    a: 'last',
    b: '2 ',
    c: '3',
    d: 'xy',
    'e f': 'g=h',
    u: 'ä\t!',
    empty: '',
    path: 'C:\\dir',
  })
})

test('what is written is read back, whatever the text', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ minLength: 1 }), fc.string()), (settings) => {
      expect(parseProperties(formatProperties(settings))).toEqual({ ...settings })
    }),
  )
})

test('a file that is not there is named', async () => {
  await expect(readProperties('/nowhere/worker.properties')).rejects.toMatchObject({
    code: 'SETTINGS_INVALID',
    message: expect.stringContaining('/nowhere/worker.properties') as unknown,
  })
})
