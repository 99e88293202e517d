import { cac } from "cac";
import type { Option } from "./options.js";

/** One option as it was typed. */
export interface OptionToken {
  readonly name: string;
  /** With its dashes, as typed. */
  readonly typed: string;
  /** Undefined when none was given. */
  readonly value: string | undefined;
}

/** The words and options of a command line, values as typed. */
export interface Tokens {
  readonly words: readonly string[];
  readonly options: readonly OptionToken[];
}

/**
 * Stands before every value while cac parses: cac turns values that look like numbers into numbers, and a run id such as
 * `01234567` would come back as `1234567`.
 */
const GUARD = "\u2060";

const camelCase = (name: string): string =>
  name.replace(/([a-z])-([a-z])/g, (_all, a: string, b: string) => a + b.toUpperCase());

/**
 * A token as cac takes it: values guarded, option names in camel case, because cac's parser knows flags by that spelling
 * only and lets `--dry-run PATH` swallow the path.
 */
function guard(token: string): string {
  if (!token.startsWith("-") || token === "-") return GUARD + token;
  const equals = token.indexOf("=");
  if (equals < 0) return camelCase(token);
  return `${camelCase(token.slice(0, equals))}=${GUARD}${token.slice(equals + 1)}`;
}

const unguard = (value: string): string => (value.startsWith(GUARD) ? value.slice(GUARD.length) : value);

/** Values of one key as cac gives them: text, a flag, or a list of these when it was given twice; the last one counts. */
function lastValue(value: unknown): string | undefined {
  const last: unknown = Array.isArray(value) ? value.at(-1) : value;
  return typeof last === "string" && last !== "" ? unguard(last) : undefined;
}

/** Names that one token of argv gives: `--dry-run`, `--memory=2GB`, or a cluster such as `-qv`. */
function namesIn(
  token: string,
  table: ReadonlyMap<string, Option>,
): { name: string; typed: string; inline: string | undefined }[] {
  const equals = token.indexOf("=");
  const typed = equals < 0 ? token : token.slice(0, equals);
  const inline = equals < 0 ? undefined : token.slice(equals + 1);
  if (typed.startsWith("--")) return [{ name: typed.slice(2), typed, inline }];
  return [...typed.slice(1)].map((letter) => {
    const known = [...table].find(([, option]) => option.short === letter);
    return { name: known?.[0] ?? letter, typed: `-${letter}`, inline };
  });
}

/** Takes argv apart with cac. @param argv the arguments after the program's name. */
export function tokensOf(argv: readonly string[], table: ReadonlyMap<string, Option>): Tokens {
  const cli = cac("wandb-columns");
  for (const [name, option] of table) {
    const short = option.short === undefined ? "" : `-${option.short}, `;
    cli.option(`${short}--${camelCase(name)}${option.value === undefined ? "" : ` <${option.value}>`}`, option.help);
  }
  const end = argv.indexOf("--");
  const before = end < 0 ? argv : argv.slice(0, end);
  const parsed = cli.parse(["node", "wandb-columns", ...before.map(guard)], { run: false });
  const values = new Map(Object.entries(parsed.options));
  const options = before
    .filter((token) => token.startsWith("-") && token !== "-")
    .flatMap((token) => namesIn(token, table))
    .map(({ name, typed, inline }): OptionToken => {
      const takesValue = table.get(name)?.value !== undefined;
      return { name, typed, value: takesValue ? lastValue(values.get(camelCase(name))) : inline };
    });
  return { words: [...parsed.args.map(unguard), ...(end < 0 ? [] : argv.slice(end + 1))], options };
}
