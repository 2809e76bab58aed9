import { expect, test } from '@jest/globals'
import { startRest } from '../support/rest-run.ts'
import { stepsBefore } from '../support/rest-transcript-gaps.ts'
import { readDifferences, readRestCases, runRestTranscript, shapeReason } from '../support/rest-transcript.ts'

/**
 * What a herder in memory does not know: validation, plugins, topics and offsets that tasks write, failures, reconfigured tasks, a
 * second worker. These are played against the distributed herder elsewhere.
 */
const BEYOND_THE_FAKE = `
  063 065 066 067 068 069 070 072 073 075 076 077 078 089 090 093 096
  102 130 131 133 135 155 168 169 170 176 189 191 205 206 207 210
  214 219 220 221 222 244 250 251 263 265 272 273 274 275 276 280`
  .trim()
  .split(/\s+/)
  .map((number) => `rest-${number}`)

test('Kafka Connect’s answers, as far as they do not depend on what a herder does', async () => {
  const cases = readRestCases()
  const { server, url } = await startRest()
  const reports = await runRestTranscript(url, cases, {
    // As long as the folder of the capture, so that columns in messages are compared too.
    directory: '/tmp/rest-vectors-0123',
    workerId: server.workerId,
    differences: readDifferences(),
    before: stepsBefore,
  })
  await server.stop()
  const wrong = reports.filter(({ id, outcome }) => outcome === 'wrong' && !BEYOND_THE_FAKE.includes(id))
  const count = (outcome: string): number => reports.filter((report) => report.outcome === outcome).length
  process.stdout.write(
    `REST: ${cases.length} cases, ${count('same')} the same, ${count('shape')} in shape, ${count('on purpose')} different on purpose, ${count('wrong')} for a real herder\n`,
  )
  expect(wrong).toEqual([])
  expect(cases.length).toBeGreaterThanOrEqual(187)
  expect(count('same') + count('shape') + count('on purpose')).toBeGreaterThanOrEqual(135)
})

test('what is compared in shape only is what belongs to that JVM', () => {
  const inShape = readRestCases().flatMap((restCase) => {
    const reason = shapeReason(restCase)
    return reason === '' ? [] : [`${restCase.id}: ${reason}`]
  })
  expect(inShape).toEqual(
    expect.arrayContaining([
      'rest-001: versions',
      'rest-018: versions',
      'rest-084: plugins on the class path of that JVM',
      'rest-085: plugins on the class path of that JVM',
      'rest-086: settings of plugins of that JVM',
      'rest-093: settings of plugins of that JVM',
      'rest-103: names of Java loggers',
      'rest-111: names of Java loggers',
    ]),
  )
})

test('each difference on purpose is one of a captured case, or of one that the capture leaves out', () => {
  const given = new Set(readRestCases().map(({ id }) => id))
  const leftOut = ['rest-071', 'rest-152', 'rest-243', 'rest-277']
  expect([...readDifferences().keys()].filter((id) => !given.has(id) && !leftOut.includes(id))).toEqual([])
  expect(readDifferences().size).toBeGreaterThanOrEqual(24)
})
