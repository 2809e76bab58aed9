/**
 * Thrown, and caught by the converter, when a tree of `JSON.parse` has lost digits: the text is then parsed again, exactly.
 * It is one object, because it is no error and needs no stack.
 */
export const INEXACT: Error = new Error('A number needs its digits')
