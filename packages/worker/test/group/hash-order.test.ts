/** Orders as Java 17 prints them. */
import { expect, test } from '@jest/globals'
import { inHashOrder } from '../../src/group/hash-order.ts'

test("texts come in the order of Java's HashSet, each once", () => {
  const names = [
    'orders',
    'customers',
    'payments',
    'order-lines',
    'inventory-of-all-warehouses',
    'ünï',
    'a slash / and a space',
    'orders',
  ]
  expect(inHashOrder(names)).toEqual([
    'inventory-of-all-warehouses',
    'order-lines',
    'a slash / and a space',
    'payments',
    'orders',
    'customers',
    'ünï',
  ])
  expect(inHashOrder([])).toEqual([])
})

test('the table grows with the number of texts', () => {
  const names = Array.from({ length: 40 }, (_, i) => `connector-${i}`)
  const order = [
    21, 20, 16, 38, 15, 37, 18, 17, 39, 12, 34, 11, 33, 14, 36, 13, 35, 19, 30, 10, 32, 31, 27, 26, 29, 28, 23, 22, 8,
    25, 9, 24, 6, 7, 4, 5, 2, 3, 0, 1,
  ]
  expect(inHashOrder(names)).toEqual(order.map((i) => `connector-${i}`))
})
