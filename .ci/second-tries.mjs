// The tests of a jest results file that passed only when they were tried again, each with the first line of why.
import { readFileSync } from 'node:fs'

const { testResults } = JSON.parse(readFileSync(process.argv[2], 'utf8'))
for (const { name, assertionResults } of testResults) {
  for (const { fullName, status, invocations, retryReasons } of assertionResults) {
    if (status !== 'passed' || (invocations ?? 1) < 2) continue
    console.log(`??? passed at the second try: ${name}: ${fullName}`)
    console.log(`    ${(retryReasons?.[0] ?? '').split('\n')[0].slice(0, 300)}`)
  }
}
