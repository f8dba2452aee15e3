/**
 * Names of counts. What is counted of one address shares a hash tag, and so does what is counted of
 * one subject: in a cluster each lies in one slot, but the two need not.
 */
export interface LimitKeys {
  attempts(address: string): string;
  failures(address: string): string;
  connectionsOfAddress(address: string): string;
  connectionsOfSubject(subject: string): string;
  requestsOfAddress(address: string): string;
  requestsOfSubject(subject: string): string;
}

export const LIMIT_KEYS: LimitKeys = {
  attempts: (address) => `{ip:${address}}:attempts`,
  failures: (address) => `{ip:${address}}:failures`,
  connectionsOfAddress: (address) => `{ip:${address}}:open`,
  connectionsOfSubject: (subject) => `{subject:${subject}}:open`,
  requestsOfAddress: (address) => `{ip:${address}}:requests`,
  requestsOfSubject: (subject) => `{subject:${subject}}:requests`,
};
