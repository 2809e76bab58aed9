import { expect, test } from '@jest/globals'
import { CHECKS } from '../src/checks/index.ts'
import { checkReferencePage, compileGate, type CheckDefinition } from '@sluice/quality'

const names = Object.keys(CHECKS) as (keyof typeof CHECKS)[]

test('has a section for every check, with every parameter and code', () => {
  const page = checkReferencePage()
  for (const name of names) {
    const section = page.split(`\n## ${name}\n`)[1]?.split('\n## ')[0]
    expect(section).toBeDefined()
    for (const parameter of CHECKS[name].parameters) expect(section).toContain(`| \`${parameter.name}\` |`)
    for (const code of Object.keys(CHECKS[name].codes)) expect(section).toContain(`\`${code}\``)
  }
})

test.each(names)('the example of %s compiles', (name) => {
  const { example, fields } = CHECKS[name]
  const check = {
    id: 'it',
    check: name,
    params: example,
    ...(fields === 'required' ? { field: 'a' } : {}),
  } as CheckDefinition
  expect(
    compileGate({ id: 'g', mode: 'enforce', ruleset: { id: 'r', version: 1, checks: [check] } }).checks,
  ).toHaveLength(1)
})
