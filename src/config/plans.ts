import type { z } from 'zod';
import { textReader } from './text.ts';

/** What a plan may say: the name in the variable, and the range. */
const MEMBERS = {
  connections: { key: 'connectionsPerSubject', min: 0 },
  subscriptions: { key: 'subscriptions', min: 1 },
  messages: { key: 'messagesPerSecond', min: 0 },
  requests: { key: 'requestsPerMinute', min: 0 },
} as const;
type Member = keyof typeof MEMBERS;
const NAMES = Object.keys(MEMBERS) as Member[];
const MAX = 10_000_000;

/** What one plan sets; the rest is as for everybody. */
export type PlanEntry = Partial<Record<(typeof MEMBERS)[Member]['key'], number>>;

function isMember(name: string): name is Member {
  return Object.hasOwn(MEMBERS, name);
}

/** Reads one `name:member=value,…`. @returns its parts, or what is wrong with it */
function readPlan(text: string): { name: string; entry: PlanEntry } | { wrong: string[] } {
  const [rawName = '', members, more] = text.split(':');
  const name = rawName.trim();
  const wrong: string[] = [];
  const entry: PlanEntry = {};
  if (!/^[\w.-]{1,64}$/.test(name)) wrong.push('a plan needs a name of letters, digits, `_.-`');
  const say = (what: string) => wrong.push(name === '' ? what : `in \`${name}\` ${what}`);
  if (members === undefined || more !== undefined) say('`name:limit=number,…` is expected');
  for (const pair of (members ?? '').split(',')) {
    if (pair.trim() === '') continue;
    const [member = '', value = ''] = pair.split('=').map((part) => part.trim());
    if (!isMember(member)) {
      say(`limits are ${NAMES.join(', ')}`);
      continue;
    }
    const { key, min } = MEMBERS[member];
    const number = /^\d{1,8}$/.test(value) ? Number(value) : Number.NaN;
    if (!(number >= min && number <= MAX)) say(`${member} is a whole number from ${min} to ${MAX}`);
    else if (entry[key] !== undefined) say(`${member} is given twice`);
    else entry[key] = number;
  }
  return wrong.length > 0 ? { wrong } : { name, entry };
}

/** Plans, in canonical text; every mistake is named. */
export const planList: z.ZodType<string, string> = textReader((text) => {
  const wrong: string[] = [];
  const plans = new Map<string, string>();
  for (const part of text.split(';')) {
    if (part.trim() === '') continue;
    const plan = readPlan(part);
    if ('wrong' in plan) wrong.push(...plan.wrong);
    else if (plans.has(plan.name)) wrong.push(`\`${plan.name}\` is listed twice`);
    else plans.set(plan.name, part.trim().replaceAll(/\s/g, ''));
  }
  if (wrong.length === 0) return { value: [...plans.values()].join(';') };
  return { must: `plans as \`name:limit=number,…;…\`: ${[...new Set(wrong)].join('; ')}` };
});

/** Takes apart what `planList` has let through; null: there are no plans. */
export function planEntries(plans: string | null): ReadonlyMap<string, PlanEntry> {
  const parts = (plans ?? '').split(';').filter((part) => part !== '');
  return new Map(
    parts.map((text) => {
      const plan = readPlan(text);
      if ('wrong' in plan) throw new Error('a wrong plan must be refused before');
      return [plan.name, plan.entry];
    }),
  );
}
