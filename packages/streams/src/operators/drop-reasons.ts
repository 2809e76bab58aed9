/** What a record that an operator refuses is counted under. */
export const NULL_KEY = 'null-key'
export const NULL_VALUE = 'null-value'
/** Behind the end and the grace of its window. */
export const LATE = 'late'
/** Behind a later row of its key in a versioned table. */
export const OUT_OF_ORDER = 'out-of-order'
export const NULL_FOREIGN_KEY = 'null-foreign-key'
/** Before the start of an unlimited window. */
export const NO_WINDOW = 'no-window'
/** The same as a record that went through before. */
export const DUPLICATE = 'duplicate'
