/** What a gateway of simulated prices does to this page's connection (docs/simulator.md). */
export type Fault = { readonly name: 'drop' } | { readonly name: 'slow'; readonly ms: number };

/** Asks for a fault of one connection. @returns null when it comes, else a sentence that says why not */
export async function requestFault(
  base: URL,
  token: string,
  connection: string,
  fault: Fault,
): Promise<string | null> {
  const url = new URL(`api/v1/faults/${connection}/${fault.name}`, base);
  if (fault.name === 'slow') url.searchParams.set('ms', String(fault.ms));
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      credentials: 'omit',
    });
    if (response.ok) return null;
    const { detail } = (await response.json()) as { readonly detail?: unknown };
    return typeof detail === 'string' ? detail : `The gateway answered ${response.status}.`;
  } catch (error) {
    console.debug('The request for a fault failed.', error);
    return 'The gateway could not be reached.';
  }
}
