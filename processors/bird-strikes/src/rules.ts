/**
 * What is wrong with the FAA's data, and what becomes of it.
 *
 * The measure: would a reader of the table be misled by the row? A row whose strike is true but whose detail is missing or doubtful
 * stays, marked, so that whoever averages speeds can leave it out. A row that contradicts itself about what happened, or speaks a
 * language we do not know, waits in quarantine for somebody who can ask. Only what is nothing but a repetition is dropped.
 *
 * Counts are those of the 10,000 lines of the quickstart's file.
 */
import type { GateDefinition } from '@sluice/quality'

export const birdStrikeGate: GateDefinition = {
  id: 'bird-strikes',
  mode: 'enforce',
  ruleset: {
    id: 'faa-bird-strikes',
    version: 1,
    doc: 'Wildlife strikes reported to the FAA, 1990 to 2002',
    checks: [
      // Repetition
      {
        id: 'duplicate_line',
        check: 'unique_within',
        action: 'drop',
        doc:
          'The same in all 14 columns as an earlier row (24 rows). Reports carry no number, so two strikes alike in everything cannot be told from ' +
          'one report filed twice; keeping one of them loses no fact, keeping both counts a strike twice.',
      },

      // What happened
      {
        id: 'damage_code',
        check: 'in_set',
        field: 'effect_amount_of_damage',
        params: { values: ['None', 'Minor', 'Medium', 'Substantial', 'Destroyed'] },
        severity: 'error',
        doc:
          'A damage code that is not in the code book: B or C (15 rows). They look like leftovers of an older scale; to guess which damage ' +
          'they mean would be to invent data. Quarantined until somebody translates them.',
      },
      {
        id: 'repair_without_damage',
        check: 'when_then',
        params: {
          when: { check: 'in_set', field: 'effect_amount_of_damage', params: { values: ['None'] } },
          checks: [{ check: 'compare', field: 'cost_repair', params: { op: '==', value: 0, as: 'number' } }],
        },
        severity: 'error',
        doc:
          'No damage, yet a repair was paid for (27 of the 55 rows that cost_without_damage marks). One of the two columns is wrong and the row ' +
          'does not say which: both damage rates and repair costs would be falsified. Quarantined.',
      },
      {
        id: 'cost_without_damage',
        check: 'when_then',
        params: {
          when: { check: 'in_set', field: 'effect_amount_of_damage', params: { values: ['None'] } },
          checks: [{ check: 'compare', field: 'cost_total', params: { op: '==', value: 0, as: 'number' } }],
        },
        severity: 'warn',
        doc: 'No damage, yet a cost (55 rows). Where nothing was repaired, delay, inspection or dumped fuel explain it: the row is kept, marked.',
      },
      {
        id: 'damage_without_cost',
        check: 'when_then',
        params: {
          when: { check: 'in_set', field: 'effect_amount_of_damage', params: { values: ['None'] }, not: true },
          checks: [{ check: 'compare', field: 'cost_total', params: { op: '>', value: 0, as: 'number' } }],
        },
        severity: 'warn',
        doc:
          'Damage, but no cost (907 rows). Costs are reported voluntarily and often never: zero stands for unknown here. The strike is true, the ' +
          'sum of costs is a lower bound. Marked.',
      },
      {
        id: 'cost_not_negative',
        check: 'range',
        fields: ['cost_other', 'cost_repair', 'cost_total'],
        params: { min: '0.00' },
        severity: 'error',
        doc: 'A cost below zero (no row). It would lower the sums without a trace. Quarantined.',
      },

      // How fast
      {
        id: 'speed_known',
        check: 'required',
        field: 'speed_ias_in_knots',
        severity: 'warn',
        doc: 'No speed (2,836 rows). More than a quarter of all reports leave it out; the strike is no less true for it. The column is null, the row marked.',
      },
      {
        id: 'speed_not_zero',
        check: 'not_in_set',
        field: 'speed_ias_in_knots',
        params: { values: [0] },
        severity: 'warn',
        doc: 'A speed of zero (19 rows). True of the 4 parked aircraft, a placeholder for "unknown" in the other 15. Marked, so that averages can leave it out.',
      },
      {
        id: 'speed_within_limit',
        check: 'range',
        field: 'speed_ias_in_knots',
        params: { max: 250 },
        severity: 'warn',
        doc:
          'Faster than 250 knots indicated (62 rows, up to 350), the limit below 10,000 feet (14 CFR 91.117), where nearly all birds are. Possible higher up, ' +
          'and for the military: doubtful, not wrong. Marked.',
      },
      {
        id: 'speed_possible',
        check: 'range',
        field: 'speed_ias_in_knots',
        params: { min: 0, max: 700 },
        severity: 'error',
        doc: 'Below zero or beyond 700 knots (no row): no aircraft of the list flies it. A digit too many. Quarantined.',
      },

      // Who, where, when
      {
        id: 'operator_known',
        check: 'not_in_set',
        field: 'aircraft_airline_operator',
        params: { values: ['UNKNOWN'] },
        severity: 'warn',
        doc: 'The operator is given as UNKNOWN (72 rows). Nothing else of the row depends on it. Marked.',
      },
      {
        id: 'named',
        check: 'not_empty',
        fields: [
          'airport_name',
          'aircraft_make_model',
          'aircraft_airline_operator',
          'origin_state',
          'wildlife_species',
        ],
        severity: 'error',
        doc: 'Airport, aircraft, operator, state or species is empty (no row): the row does not say what happened where. Quarantined.',
      },
      {
        id: 'phase_of_flight',
        check: 'in_set',
        field: 'phase_of_flight',
        params: { values: ['Parked', 'Taxi', 'Take-off run', 'Climb', 'Descent', 'Approach', 'Landing Roll'] },
        severity: 'warn',
        doc: 'A phase of flight that is not in the code book (no row). Marked: the other columns stand.',
      },
      {
        id: 'wildlife_size',
        check: 'in_set',
        field: 'wildlife_size',
        params: { values: ['Small', 'Medium', 'Large'] },
        severity: 'warn',
        doc: 'A size that is not in the code book (no row). Marked: the other columns stand.',
      },
      {
        id: 'time_of_day',
        check: 'in_set',
        field: 'time_of_day',
        params: { values: ['Dawn', 'Day', 'Dusk', 'Night'] },
        severity: 'warn',
        doc: 'A time of day that is not in the code book (no row). Marked: the other columns stand.',
      },
      {
        id: 'date_since_1990',
        check: 'range',
        field: 'flight_date',
        params: { min: 7305 },
        severity: 'error',
        doc: 'A flight before 1990-01-01 (no row; 7305 days after the epoch), when the FAA began to collect. Quarantined.',
      },
      {
        id: 'date_not_future',
        check: 'not_future',
        field: 'flight_date',
        params: { unit: 'days' },
        severity: 'error',
        doc: 'A flight that has not taken place yet (no row). Quarantined.',
      },
    ],
  },
}
