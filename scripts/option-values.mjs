// What options of the scripts take, for commander's `.argParser`: a wrong value is refused in a sentence.
import { InvalidArgumentError } from 'commander';

/**
 * @param {string} text
 * @returns {number} a whole number from 1 on
 */
export function countIn(text) {
  const count = Number(text);
  if (Number.isSafeInteger(count) && count > 0) return count;
  throw new InvalidArgumentError('It is a whole number from 1 on.');
}

/**
 * @param {string} text
 * @returns {number} above 0
 */
export function amountIn(text) {
  const amount = Number(text);
  if (Number.isFinite(amount) && amount > 0) return amount;
  throw new InvalidArgumentError('It is a number above 0.');
}

/**
 * @param {readonly string[]} names what there is
 * @returns {(text: string) => string[]} reads a list of some of them, with commas between
 */
export function someOf(names) {
  return (text) => {
    const chosen = text.split(',');
    if (chosen.every((name) => names.includes(name))) return chosen;
    throw new InvalidArgumentError(`There are ${names.join(', ')}.`);
  };
}
