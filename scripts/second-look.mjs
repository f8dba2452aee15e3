// Which tests may be run once more by themselves, for `npm test -- --second-look`.

/** More than so many files do not fail because the machine was busy. */
const MOST_FILES = 3;

/** How fast-check tells of a case that it has found: another run would look at other cases. */
const COUNTEREXAMPLE = /Property failed after \d+ tests|Property failed by throwing/;

/**
 * Tests of real processes on a machine that does other things as well may miss a deadline. Whether they have
 * is seen when they have the machine to themselves. What is no test (a file that cannot be loaded, a hook of a
 * suite, an error that nothing caught) and what a property was refuted with are never a matter of time.
 *
 * @param {import('./totals-reporter.mjs').RecordedTotals} totals of the run
 * @returns {string[]} the files to run again; none: the run stands as it is
 */
export function filesForSecondLook({ failed, failures }) {
  const files = [...new Set(failures.map(({ file }) => file))];
  const isMatterOfTime =
    failures.length === failed && !failures.some(({ message }) => COUNTEREXAMPLE.test(message));
  return isMatterOfTime && files.length <= MOST_FILES ? files : [];
}
