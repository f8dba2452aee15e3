import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import { textReader } from './text.ts';

const BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * The PEM text that a setting holds or, where its value is a path, that the file holds now.
 *
 * @throws Error when the file cannot be read
 */
export function pemText(value: string): string {
  // `\n` in a single line stands for a line break.
  if (value.includes('-----BEGIN ')) return value.replaceAll('\\n', '\n');
  return readFileSync(value, 'utf8');
}

function holdsCertificates(pem: string): boolean {
  const blocks = pem.match(BLOCK) ?? [];
  for (const block of blocks) new X509Certificate(block);
  return blocks.length > 0;
}

function holdsPrivateKey(pem: string): boolean {
  return createPrivateKey(pem).type === 'private';
}

/** Whether a private key is that of a certificate; false when either cannot be read. */
export function isKeyOf(key: string, certificate: string): boolean {
  try {
    return new X509Certificate(pemText(certificate)).checkPrivateKey(
      createPrivateKey(pemText(key)),
    );
  } catch {
    // One of them was replaced by something else since it was checked.
    return false;
  }
}

function pemOrFile(what: string, isValid: (pem: string) => boolean): z.ZodType<string, string> {
  return textReader((text) => {
    let pem: string;
    try {
      pem = pemText(text);
    } catch (error) {
      const { code = 'it cannot be read' } = error as NodeJS.ErrnoException;
      return { must: `${what} in PEM, or the path of a file that holds it (${code})` };
    }
    try {
      if (isValid(pem)) return { value: text };
    } catch {
      // Whatever is wrong with it, the message is the same: it must not repeat any of a key.
    }
    return { must: `${what} in PEM, or the path of a file that holds it` };
  });
}

/** One or more certificates, or the path of a file with them; kept as it was written. */
export const certificates = pemOrFile('a certificate', holdsCertificates);

/** A private key without a passphrase, or the path of a file with it; kept as it was written. */
export const privateKey = pemOrFile('a private key without a passphrase', holdsPrivateKey);
