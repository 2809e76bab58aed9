// The failed tests of a jest results file, each with the first lines of why.
import { readFileSync } from 'node:fs'

const LINES_MAX = 12

const { testResults } = JSON.parse(readFileSync(process.argv[2], 'utf8'))
for (const { name, status, message, assertionResults } of testResults) {
  if (status === 'passed') continue
  const failed = assertionResults.filter((test) => test.status === 'failed')
  // One whose tests were all left out has nothing to say.
  if (failed.length === 0 && message !== '') say(name, message)
  for (const test of failed) say(`${name}: ${test.fullName}`, test.failureMessages.join('\n'))
}

function say(title, message) {
  console.log(`  ${title}`)
  for (const line of message.split('\n').slice(0, LINES_MAX)) console.log(`    ${line.slice(0, 300)}`)
}
