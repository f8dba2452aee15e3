import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { DOCUMENTS } from './documents.ts';
import { apiPage } from './page/page.ts';

/**
 * Writes what the gateway serves of the API documents; the paths below `folder` are those of the
 * addresses.
 *
 * @param folder ends with a slash
 */
export async function writeServedFiles(folder: URL): Promise<void> {
  const documents = new URL('api/v1/', folder);
  const page = new URL('docs/api/', folder);
  await Promise.all([documents, page].map((each) => mkdir(each, { recursive: true })));
  await Promise.all([
    ...Object.entries(DOCUMENTS).map(([name, document]) =>
      writeFile(new URL(`${name}.json`, documents), JSON.stringify(document)),
    ),
    writeFile(new URL('index.html', page), apiPage(DOCUMENTS.openapi, DOCUMENTS.asyncapi)),
    copyFile(new URL('page/api.css', import.meta.url), new URL('api.css', page)),
  ]);
}
