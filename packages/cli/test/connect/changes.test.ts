import { expect, test } from '@jest/globals'
import { changeLines, changesBetween } from '../../src/connect/changes.ts'
import { secretsNamed } from '../../src/connect/secrets.ts'

test('what differs is told by name, and secrets only that they do', () => {
  const secrets = secretsNamed(new Set(['password', 'token', 'new', 'placed']))
  const before = { same: '1', password: 'a', token: 't', gone: 'g', placed: '${file:/s:p}', text: 'a\nb' }
  const after = { same: '1', password: 'b', new: 'n', placed: 'plain', token: 't', text: 'a\nc' }
  expect(changeLines(changesBetween(before, after), secrets)).toEqual([
    '- gone=g',
    '+ new=[hidden]',
    '- password=[hidden]',
    '+ password=[hidden], but another',
    '- placed=${file:/s:p}',
    '+ placed=[hidden]',
    String.raw`- text=a\nb`,
    String.raw`+ text=a\nc`,
  ])
})

test('nothing differs between the same settings in another order', () => {
  expect(changesBetween({ a: '1', b: '2' }, { b: '2', a: '1' })).toEqual([])
})
