/** docs/reference is what the code says about itself. `UPDATE_REFERENCE=1` in the environment writes the pages anew. */
import { describe, expect, test } from '@jest/globals'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundledPlugins } from '@sluice/cli'
import { GENERATED, PROCESSORS, referencePages } from './support/reference-pages.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const folder = path.join(root, 'docs/reference')
const REMEDY = 'UPDATE_REFERENCE=1 npm test -- packages/e2e/test/reference.test.ts --selectProjects unit'

const pages = await referencePages()
const byName = new Map(pages.map(({ file, text }) => [file, text]))
if (process.env['UPDATE_REFERENCE'] === '1') {
  fs.mkdirSync(folder, { recursive: true })
  for (const file of generatedPages()) fs.rmSync(path.join(folder, file))
  for (const { file, text } of pages) fs.writeFileSync(path.join(folder, file), text)
}

describe('docs/reference', () => {
  test.each(pages.map(({ file }) => file))('%s is what the code declares', (file) => {
    const onDisk = path.join(folder, file)
    const found = fs.existsSync(onDisk) ? fs.readFileSync(onDisk, 'utf8') : ''
    if (found !== byName.get(file)) {
      throw new Error(
        `docs/reference/${file} is not what the code declares (${firstDifference(found, byName.get(file)!)}). Run: ${REMEDY}`,
      )
    }
  })

  test('holds no page that nobody generates', () => {
    expect(generatedPages().toSorted()).toEqual([...byName.keys()].toSorted())
  })

  test('tells of every setting of every bundled connector', async () => {
    const page = byName.get('connectors.md')!
    const connectors = (await bundledPlugins({})).connectors.all()
    expect(connectors.length).toBeGreaterThan(0)
    for (const { name, settings } of connectors) {
      expect(page).toContain(`\n## ${name}\n`)
      for (const setting of Object.keys(settings.declarations)) expect(page).toContain(` \`${setting}\`\n`)
    }
  })

  test('tells of every processor of the house', () => {
    const page = byName.get('processors.md')!
    const folders = fs
      .readdirSync(path.join(root, 'processors'))
      .filter((name) => fs.existsSync(path.join(root, 'processors', name, 'package.json')))
    expect(PROCESSORS.map(({ processor }) => processor.name).toSorted()).toEqual(folders.toSorted())
    for (const name of folders) expect(page).toContain(`\n## ${name}\n`)
  })

  test('tells of every API and setting that the embedded broker has', () => {
    const page = byName.get('embedded-kafka.md')!
    for (const word of [
      'Produce',
      'JoinGroup',
      '`num.partitions`',
      '`cleanup.policy`',
      '`consumer.session.timeout.ms`',
    ]) {
      expect(page).toContain(`| ${word}`)
    }
  })

  test('says of every rule why it is there', () => {
    const rules = PROCESSORS.flatMap(({ gates }) => gates.flatMap(({ ruleset }) => ruleset.checks))
    expect(rules.filter(({ doc }) => doc === undefined).map(({ id }) => id)).toEqual([])
  })
})

/** The pages on disk that say of themselves that they are generated. */
function generatedPages(): readonly string[] {
  return fs.readdirSync(folder).filter((file) => fs.readFileSync(path.join(folder, file), 'utf8').startsWith(GENERATED))
}

function firstDifference(found: string, wanted: string): string {
  if (found === '') return 'it is not there'
  const lines = found.split('\n')
  const at = wanted.split('\n').findIndex((line, i) => line !== lines[i])
  return `line ${at === -1 ? lines.length : at + 1} differs`
}
