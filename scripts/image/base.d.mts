/** The base image that the Dockerfile names, and what its tag says. */
export declare function namedBase(): Promise<{
  readonly name: string;
  readonly nodeVersion: string;
  readonly release: string;
}>;

/** The path of a tar archive with the file system of a stand-in for the base image. */
export declare function baseArchive(): Promise<string>;
