/** One entry for each row of the tables in SECURITY.md: how its defence is taken out. */
export interface Defence {
  /** As in SECURITY.md: file › title. */
  readonly test: string;
  /** Where the defence stands. */
  readonly file: string;
  /** Text that is replaced; it must be there. */
  readonly from: string;
  readonly to: string;
}
export const DEFENCES: readonly Defence[];
