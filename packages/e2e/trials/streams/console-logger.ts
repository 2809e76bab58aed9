import type { Logger } from '@sluice/sdk'

/** Lines on standard output, which whoever started the process keeps. */
export const consoleLogger: Logger = {
  debug: () => {},
  info: (message, facts) => console.log('INFO', message, JSON.stringify(facts ?? {})),
  warn: (message, facts) => console.log('WARN', message, JSON.stringify(facts ?? {})),
  error: (message, facts) => console.log('ERROR', message, JSON.stringify(facts ?? {})),
  child: () => consoleLogger,
}
