import { z } from 'zod';
import type { SettingValue } from './setting.ts';

/**
 * Schemas that read the text of a variable. Every message completes the sentence "CANDLEGATE_X …" and
 * repeats nothing of the value.
 */

/** Reads with `read`, which answers the value or what the value must be. */
export function textReader<T extends SettingValue>(
  read: (text: string) => { value: T } | { must: string },
): z.ZodType<T, string> {
  return z.string().transform((text, context) => {
    const outcome = read(text.trim());
    if ('value' in outcome) return outcome.value;
    context.addIssue({ code: 'custom', message: `must be ${outcome.must}` });
    return z.NEVER;
  });
}

/** A whole number in decimal digits. */
export function integer(min: number, max: number): z.ZodType<number, string> {
  return textReader((text) => {
    const value = /^-?\d{1,15}$/.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return { value };
    return { must: `a whole number from ${min} to ${max}` };
  });
}

export function decimal(min: number, max: number): z.ZodType<number, string> {
  return textReader((text) => {
    const value = /^\d{1,15}(\.\d{1,15})?$/.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return { value };
    return { must: `a number from ${min} to ${max}` };
  });
}

/** A TCP port; 0 lets the system choose a free one. */
export const port = integer(0, 65535);

export const onOff: z.ZodType<boolean, string> = textReader((text) => {
  const word = text.toLowerCase();
  if (['on', 'true', 'yes', '1'].includes(word)) return { value: true };
  if (['off', 'false', 'no', '0'].includes(word)) return { value: false };
  return { must: '`on` or `off`' };
});

export function oneOf<const T extends string>(choices: readonly T[]): z.ZodType<T, string> {
  return textReader((text) => {
    const value = choices.find((choice) => choice === text);
    if (value !== undefined) return { value };
    return { must: `one of ${choices.map((choice) => `\`${choice}\``).join(', ')}` };
  });
}

/** Text without control characters. */
export function plainText(maxLength: number): z.ZodType<string, string> {
  return textReader((text) => {
    if (text.length <= maxLength && !/\p{Cc}/u.test(text)) return { value: text };
    return { must: `at most ${maxLength} characters, none of them a control character` };
  });
}

/** Text of at least so many bytes in UTF-8, taken as it is. */
export function secretText(minBytes: number): z.ZodType<string, string> {
  return z.string().refine((text) => Buffer.byteLength(text) >= minBytes, {
    error: (issue) =>
      `must be at least ${minBytes} bytes long, and has ${Buffer.byteLength(String(issue.input))}`,
  });
}

/** An absolute URL of one of the schemes (`https:`); kept as it was written. */
export function url(schemes: readonly string[]): z.ZodType<string, string> {
  return textReader((text) => {
    const parsed = URL.canParse(text) ? new URL(text) : undefined;
    if (parsed !== undefined && schemes.includes(parsed.protocol) && parsed.hostname !== '') {
      return { value: text };
    }
    return { must: `a URL that begins with ${schemes.map((s) => `${s}//`).join(' or ')}` };
  });
}

/** A comma list; every entry is read by `readEntry`, repetitions are dropped. */
export function list<T extends string>(
  entries: string,
  readEntry: (text: string) => T | undefined,
): z.ZodType<readonly T[], string> {
  return textReader((text) => {
    const values: T[] = [];
    for (const [index, part] of text.split(',').entries()) {
      const value = readEntry(part.trim());
      if (value === undefined)
        return { must: `a comma list of ${entries} (entry ${index + 1} is none)` };
      if (!values.includes(value)) values.push(value);
    }
    return { value: values };
  });
}
