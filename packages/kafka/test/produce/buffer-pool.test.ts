import { expect, test } from '@jest/globals'
import { BufferPool } from '../../src/produce/buffer-pool.ts'

test('no more than the bound is out on lease', () => {
  const pool = new BufferPool(100)
  const [a, b] = [pool.lease(60), pool.lease(40)]
  expect(pool.lease(1)).toBeNull()
  pool.release(a!)
  expect(pool.leasedBytes).toBe(40)
  expect(pool.lease(61)).toBeNull()
  expect(pool.lease(60)).toBe(a)
  pool.release(b!)
  expect(pool.leasedBytes).toBe(60)
})

test('what was given back is reused, and forgotten when another size needs the room', () => {
  const pool = new BufferPool(100)
  const a = pool.lease(60)!
  pool.release(a)
  const b = pool.lease(100)!
  expect(b).toHaveLength(100)
  pool.release(b)
  expect(pool.lease(60)).not.toBe(a)
})

test('work that must go on leases beyond the bound; that memory is not kept', () => {
  const pool = new BufferPool(100)
  const a = pool.lease(100)!
  const beyond = pool.leaseAnyway(50)
  expect(pool.lease(1)).toBeNull()
  pool.release(beyond)
  pool.release(a)
  expect(pool.lease(100)).toBe(a)
})
