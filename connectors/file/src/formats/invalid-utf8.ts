import { firstInvalidByte } from '../text-block.ts'
import type { TextBlock } from '../text-block.ts'
import type { RowProblem } from './row-reader.ts'

/** What is wrong with the line at the cursor of a `mixed` block. @param contentEnd the place behind the line */
export function invalidUtf8(block: TextBlock, contentEnd: number): RowProblem {
  return {
    code: 'invalid-utf8',
    message: 'The line is not valid UTF-8',
    remedy: 'Convert the file to UTF-8 (for example with iconv), or correct the line.',
    line: 0,
    column: firstInvalidByte(block.bytes.subarray(block.byte, contentEnd)) + 1,
  }
}
