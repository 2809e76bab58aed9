import type { GateDefinition } from '@sluice/quality'

/** What is wrong with a report of a flight, and what becomes of it. The 20,000 flights of `vega-datasets` break none of these rules. */
export const flightGate: GateDefinition = {
  id: 'flights',
  mode: 'enforce',
  ruleset: {
    id: 'flight-reports',
    version: 1,
    doc: 'Flights as they are reported when they have left',
    checks: [
      {
        id: 'delay_in_range',
        check: 'range',
        field: 'delay',
        params: { min: -120, max: 2880 },
        severity: 'error',
        doc: 'Two hours early or two days late: the date or the delay is wrong, and a mean would be falsified by it. Quarantined.',
      },
      {
        id: 'same_airport',
        check: 'compare',
        field: 'origin',
        params: { op: '!=', other: 'destination' },
        severity: 'warn',
        doc: 'It landed where it had left: a flight that came back, or a slip of the pen. It left all the same. Marked.',
      },
    ],
  },
}
