// Without the times of a run before, jest starts with the largest files. What takes longest are small ones: a few lines that play whole
// conversations against real brokers and workers. Started last, one of them would run alone at the end.
import Sequencer from '@jest/test-sequencer'

const LONG = /\.integration\.test\.ts$|transcript\.vectors\.test\.ts$|port-contract\.test\.ts$/

export default class LongFirst extends Sequencer {
  async sort(tests) {
    // oxlint-disable-next-line unicorn/no-array-sort -- it is no array's
    const sorted = await super.sort(tests)
    return [...sorted.filter(({ path }) => LONG.test(path)), ...sorted.filter(({ path }) => !LONG.test(path))]
  }
}
