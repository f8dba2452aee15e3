import { CommandFailure } from '../cli/console.ts';
import { tryAddress, type Address } from '../net/try-address.ts';

/**
 * Tries every port that a role is going to listen on, before anything is started.
 *
 * @param addresses by what they are for, as in "the admin port"
 * @throws CommandFailure that names every one that cannot be had
 */
export async function requireFreePorts(
  addresses: Readonly<Record<string, Address>>,
): Promise<void> {
  const failures = await Promise.all(
    Object.entries(addresses).map(async ([purpose, address]) => {
      const reason = await tryAddress(address);
      return reason === null
        ? null
        : `cannot listen on ${address.host}:${address.port} (${purpose}): ${reason}`;
    }),
  );
  const mistakes = failures.filter((failure) => failure !== null);
  if (mistakes.length > 0) throw new CommandFailure(mistakes.join('\n            '));
}
