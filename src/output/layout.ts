/** How a text is shown on a terminal. */
export interface TextStyle {
  /** Columns of the terminal; lines are made to fit them. */
  readonly width: number;
  /** Whether to colour. The caller asks the terminal and honours NO_COLOR. */
  readonly color: boolean;
  /** What a command to be run next needs after its words, such as ` --project demo`; nothing when absent. */
  readonly flag?: string;
}

/** A command of this program as it is to be typed here. */
export const commandLine = (style: TextStyle, words: string): string => `wandb-columns ${words}${style.flag ?? ""}`;

export const PLAIN_TEXT: TextStyle = { width: 80, color: false };

const SGR = { bold: [1, 22], dim: [2, 22], red: [31, 39], yellow: [33, 39], cyan: [36, 39] } as const;
export type Ink = keyof typeof SGR;

/** A text in a colour, or as it is when the style has none. https://en.wikipedia.org/wiki/ANSI_escape_code#SGR */
export function ink(style: TextStyle, name: Ink, text: string): string {
  if (!style.color || text === "") return text;
  const [on, off] = SGR[name];
  return `\u001b[${on}m${text}\u001b[${off}m`;
}

const HIDDEN = /[\p{Cc}\p{Surrogate}\p{Bidi_Control}\u2028\u2029]/gu;

/** A text from the data, safe to print: what would steer the terminal or not show is written as a JSON escape. */
export function printable(text: string): string {
  return text.replace(HIDDEN, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** A text cut to a number of characters, the cut marked by an ellipsis. Characters are code points. */
export function cut(text: string, width: number): string {
  if (text.length <= width) return text;
  const points = [...text];
  return points.length <= width ? text : `${points.slice(0, Math.max(0, width - 1)).join("")}…`;
}

/** A text cut in its middle, so that start and end stay readable: the tail of a path tells most. */
export function cutMiddle(text: string, width: number): string {
  const points = [...text];
  if (points.length <= width) return text;
  const head = Math.max(0, Math.floor((width - 1) / 3));
  return `${points.slice(0, head).join("")}…${points.slice(points.length - (width - 1 - head)).join("")}`;
}

/** Breaks a text at spaces into lines of at most `width` characters; a longer word has a line of its own. */
export function wrap(text: string, width: number, indent = ""): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if ([...longer].length <= width - indent.length || line === "") line = longer;
    else {
      lines.push(indent + line);
      line = word;
    }
  }
  return line === "" ? lines : [...lines, indent + line];
}

/** `12345` to `12,345`. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** `1 run`, `2 runs`; `plural` where an s is not enough. */
export function counted(count: number, one: string, plural = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : plural}`;
}

/** A share in whole percent; above 0 never `0 %`, below all never `100 %`. */
export function percent(part: number, whole: number): string {
  if (whole === 0) return "0 %";
  if (part === whole || part === 0) return part === 0 ? "0 %" : "100 %";
  const share = Math.round((part / whole) * 100);
  if (share <= 0) return "<1 %";
  return share >= 100 ? ">99 %" : `${share} %`;
}

/** `integer 5, string 1` of counts by name; names of the data are made printable. */
export function tallied(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${printable(name)} ${grouped(count)}`)
    .join(", ");
}

const BYTE_UNITS = ["kB", "MB", "GB", "TB", "PB"] as const;

/** `532 B`, `1.4 MB`: powers of 1000, two significant digits below ten. */
export function byteSize(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  let size = bytes / 1000;
  let unit = 0;
  while (size >= 999.5 && unit < BYTE_UNITS.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${size < 9.95 ? size.toFixed(1) : Math.round(size)} ${BYTE_UNITS[unit] ?? ""}`;
}

/** Pads cells so that columns stand in line; the last cell of a row is not padded. Numbers of `right` stand right. */
export function aligned(rows: readonly (readonly string[])[], right: readonly number[] = []): string[] {
  const length = (text: string): number => [...text].length;
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, length(cell));
    });
  return rows.map((row) =>
    row
      .map((cell, i) => {
        const space = " ".repeat((widths[i] ?? 0) - length(cell));
        if (right.includes(i)) return space + cell;
        return i === row.length - 1 ? cell : cell + space;
      })
      .join("  ")
      .trimEnd(),
  );
}
