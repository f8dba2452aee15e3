import type { Dice } from '../faults/dice.ts';

/**
 * Spoils JSON texts: the value with hostile members, and then perhaps the bytes. Nothing here is ever
 * parsed again by the fuzz itself.
 */

/** A text of JSON that is no value of JavaScript's: numbers too large, members given twice. */
class Verbatim {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Tree = null | boolean | number | string | Verbatim | readonly Tree[] | readonly Member[];
interface Member {
  readonly name: string;
  readonly value: Tree;
}

function isObject(tree: readonly Tree[] | readonly Member[]): tree is readonly Member[] {
  const [first] = tree;
  return typeof first === 'object' && first !== null && 'name' in first;
}

function treeOf(value: unknown): Tree {
  if (Array.isArray(value)) return value.map(treeOf);
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).map(([name, member]) => ({ name, value: treeOf(member) }));
  }
  return value as null | boolean | number | string;
}

function textOf(tree: Tree): string {
  if (tree instanceof Verbatim) return tree.text;
  if (typeof tree !== 'object' || tree === null) return JSON.stringify(tree);
  if (!isObject(tree)) return `[${tree.map(textOf).join(',')}]`;
  return `{${tree.map(({ name, value }) => `${JSON.stringify(name)}:${textOf(value)}`).join(',')}}`;
}

const NAMES = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'then',
  '',
] as const;
const NUMBERS = [
  '0',
  '-0',
  '-1',
  '1e308',
  '1e999',
  '-1e999',
  '9007199254740993',
  '0.1',
  '1e-400',
  '123456789012345678901234567890',
  '4294967296',
  '-2147483649',
] as const;

const MAX_DEPTH = 20_000;

function hostile(dice: Dice): Tree {
  switch (dice.integer(0, 8)) {
    case 0:
      return new Verbatim(dice.pick(NUMBERS));
    case 1: {
      const depth = dice.integer(1, 200) ** 2 / 2;
      const open = dice.pick(['[', '{"a":']);
      const levels = Math.min(MAX_DEPTH, Math.ceil(depth));
      return new Verbatim(open.repeat(levels) + '1' + (open === '[' ? ']' : '}').repeat(levels));
    }
    case 2:
      return '\u0000\ud800 \u202e"\\'.repeat(dice.integer(1, 50));
    case 3:
      return 'x'.repeat(dice.integer(0, 3_000));
    case 4:
      return [{ name: dice.pick(NAMES), value: [{ name: 'polluted', value: true }] }];
    case 5:
      return new Verbatim('9'.repeat(dice.integer(1, 400)));
    case 6:
      return dice.pick([
        null,
        true,
        false,
        '',
        'candles:__proto__:1',
        'candles:BTCUSDT:constructor',
      ]);
    case 7:
      return Array.from({ length: dice.integer(0, 300) }, () => 'candles:BTCUSDT:1');
    default:
      return [];
  }
}

function mutateTree(tree: Tree, dice: Dice): Tree {
  const isLeaf = typeof tree !== 'object' || tree === null || tree instanceof Verbatim;
  if (isLeaf || tree.length === 0 || dice.random() < 0.2) return hostile(dice);
  if (!isObject(tree)) {
    const at = dice.integer(0, tree.length - 1);
    return tree.map((each, index) => (index === at ? mutateTree(each, dice) : each));
  }
  const at = dice.integer(0, tree.length - 1);
  switch (dice.integer(0, 4)) {
    case 0:
      return tree.filter((_, index) => index !== at);
    case 1:
      return [...tree, { name: dice.pick(NAMES), value: hostile(dice) }];
    case 2:
      // A member twice: the last one counts in JSON.parse.
      return tree.flatMap((each, index) =>
        index === at ? [each, { ...each, value: hostile(dice) }] : [each],
      );
    default:
      return tree.map((each, index) =>
        index === at ? { ...each, value: mutateTree(each.value, dice) } : each,
      );
  }
}

/** A JSON text near to `value` that is mostly still JSON. */
export function mutateValue(value: unknown, dice: Dice): string {
  let tree = treeOf(value);
  for (let times = dice.integer(1, 3); times > 0; times -= 1) tree = mutateTree(tree, dice);
  return textOf(tree);
}

/** Flips, drops, repeats and inserts bytes. */
export function mutateBytes(bytes: Buffer, dice: Dice): Buffer {
  let spoiled = Buffer.from(bytes);
  for (let times = dice.integer(1, 4); times > 0; times -= 1) {
    const at = dice.integer(0, Math.max(0, spoiled.length - 1));
    const until = dice.integer(at, spoiled.length);
    switch (dice.integer(0, 4)) {
      case 0:
        if (spoiled.length > 0) spoiled[at] = dice.integer(0, 255);
        break;
      case 1:
        spoiled = Buffer.concat([spoiled.subarray(0, at), spoiled.subarray(until)]);
        break;
      case 2:
        spoiled = Buffer.concat([spoiled.subarray(0, until), spoiled.subarray(at)]);
        break;
      case 3:
        spoiled = Buffer.concat([
          spoiled.subarray(0, at),
          randomBytes(dice, 20),
          spoiled.subarray(at),
        ]);
        break;
      default:
        spoiled = spoiled.subarray(0, at);
    }
  }
  return spoiled;
}

export function randomBytes(dice: Dice, maxLength: number): Buffer {
  return Buffer.from(
    Array.from({ length: dice.integer(0, maxLength) }, () => dice.integer(0, 255)),
  );
}

/** Bytes that are no UTF-8 (RFC 3629): overlong forms, surrogates, cut sequences, bare continuations. */
export const INVALID_UTF8: readonly [Buffer, ...Buffer[]] = [
  Buffer.from([0xc0, 0x80]),
  Buffer.from([0xed, 0xa0, 0x80]),
  Buffer.from([0xf5, 0x80, 0x80, 0x80]),
  Buffer.from([0xe2, 0x82]),
  Buffer.from([0x80]),
  Buffer.from([0xff, 0xfe]),
];
