/** README.md of the chart with the current table of values. */
export declare function chartReadme(): Promise<string>;
