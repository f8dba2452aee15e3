/** Text that may stand in an element or an attribute. */
export function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

export function code(text: string): string {
  return `<code>${escape(text)}</code>`;
}

/** What descriptions use of Markdown: paragraphs, lists, and code in backquotes. */
export function prose(text: string | undefined): string {
  if (text === undefined) return '';
  return text
    .split(/\n\n+/)
    .map((block) =>
      block.startsWith('- ')
        ? `<ul>${block
            .split(/^- /m)
            .filter((item) => item !== '')
            .map((item) => `<li>${inline(item)}</li>`)
            .join('')}</ul>`
        : `<p>${inline(block)}</p>`,
    )
    .join('');
}

export function inline(text: string): string {
  return escape(text.trim()).replaceAll(/`([^`]+)`/g, '<code>$1</code>');
}

export function example(value: unknown): string {
  return `<pre tabindex="0"><code>${escape(JSON.stringify(value, null, 2))}</code></pre>`;
}

/** @param heads of the columns @param rows cells that are HTML already; the first is the row's head */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const head = heads.map((text) => `<th scope="col">${text}</th>`).join('');
  const body = rows
    .map(([first = '', ...rest]) => {
      const cells = rest.map((cell) => `<td>${cell}</td>`).join('');
      return `<tr><th scope="row">${first}</th>${cells}</tr>`;
    })
    .join('');
  return `<div class="scroll" tabindex="0" role="group" aria-label="${heads.join(', ')}"><table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`;
}
