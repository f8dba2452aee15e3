/** A part of the page, with its heading. */
export interface Section {
  readonly id: string;
  readonly title: string;
  /** Of the heading; sections of level 4 are not in the list of contents. */
  readonly level: 2 | 3 | 4;
  readonly html: string;
}
