/** Values as text, in the ways of Java and Kafka Connect: for converters, transforms and messages. */
export { calendarDay, daysOf, type CalendarDay } from './calendar.ts'
export { instantText } from './instant-text.ts'
export { javaDecimal, javaDouble, javaFloat } from './java-number.ts'
export { parseValue } from './parse-value.ts'
export { valueText } from './value-text.ts'
