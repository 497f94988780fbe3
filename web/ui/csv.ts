/** A table as a file that a spreadsheet opens: UTF-8 with its mark, every cell quoted. */
export function csvOf(rows: readonly (readonly string[])[]): string {
  // A cell that begins like a formula would be run by the spreadsheet.
  const cell = (text: string) => `"${(/^[=+\-@\t\r]/.test(text) && text !== '–' ? `'${text}` : text).replaceAll('"', '""')}"`;
  return `\uFEFF${rows.map((row) => row.map(cell).join(',')).join('\r\n')}\r\n`;
}

export const saveCsv = (name: string, rows: readonly (readonly string[])[]): void => saveFile(name, new Blob([csvOf(rows)], { type: 'text/csv;charset=utf-8' }));

export function saveFile(name: string, bytes: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(bytes);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
