/** A string, or a bracket outside of one. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}]/g;

const INDENT = "  ";

/** How many braces more are opened than closed in a line; braces in strings do not count. */
function opened(line: string): number {
  let depth = 0;
  for (const [token] of line.matchAll(TOKEN)) {
    if (token === "{") depth += 1;
    else if (token === "}") depth -= 1;
  }
  return depth;
}

/** What ends a line that is whole: a member or a declaration. */
const WHOLE = /[^{(|&,;:=]$/;

/** A union in parentheses that nothing follows. */
const ENCLOSED = /^([^(]*\??: )\(([^()]*)\)$/;

/** Lays out declarations that come one member a line without indentation: two spaces a level, and semicolons. */
export function layOut(declarations: string): string {
  const lines: string[] = [];
  let depth = 0;
  let isComment = false;
  for (const line of declarations.split("\n")) {
    const text = line.trim();
    isComment ||= text.startsWith("/**");
    if (isComment) {
      lines.push(`${INDENT.repeat(depth)}${text.startsWith("/**") ? "" : " "}${text}`);
      isComment = !text.endsWith("*/");
    } else if (text === "" || text.startsWith("//")) lines.push(text);
    else {
      const closing = /^\}+/.exec(text)?.[0].length ?? 0;
      const level = Math.max(0, depth - closing);
      depth = Math.max(0, depth + opened(text));
      const isDone = WHOLE.test(text) && (level > 0 || text !== "}");
      lines.push(`${INDENT.repeat(level)}${text.replace(ENCLOSED, "$1$2")}${isDone ? ";" : ""}`);
    }
  }
  return lines.join("\n");
}
