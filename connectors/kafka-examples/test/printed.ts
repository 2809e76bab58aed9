import { jest } from '@jest/globals'

type Fact = Readonly<Record<string, unknown>>

/** The lines of JSON that are printed while `body` runs, which do not reach the terminal. */
export async function printedBy(body: () => Promise<void>): Promise<readonly Fact[]> {
  const facts: Fact[] = []
  const write = jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    for (const line of String(text).split('\n')) if (line !== '') facts.push(JSON.parse(line) as Fact)
    return true
  })
  try {
    await body()
  } finally {
    write.mockRestore()
  }
  return facts
}
