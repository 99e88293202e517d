import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Item, objectText } from "./object-text.js";
import { DATA } from "./project.js";

/** What W&B's own protobuf classes read from a log: `expected.json` beside each fixture. */
export interface Expected {
  readonly run: { readonly run_id: string };
  readonly config: readonly Item[];
  readonly summary: readonly Item[];
  readonly environment: Readonly<Record<string, unknown>>;
  readonly history: readonly { readonly step: string | null; readonly items: readonly Item[] }[];
  readonly stats: readonly { readonly timestamp: string; readonly items: readonly (readonly [string, string])[] }[];
}

/** One run folder that a real SDK wrote. */
export interface Fixture {
  readonly set: string;
  readonly name: string;
  readonly folder: string;
  readonly expected: Expected;
}

const read = (path: string): Expected => JSON.parse(readFileSync(path, "utf8")) as Expected;

function besideFixtures(set: string): Fixture[] {
  const names = readdirSync(join(DATA, set)).filter((name) => name.endsWith(".expected.json"));
  return names.map((file) => {
    const name = file.replace(".expected.json", "");
    return { set, name, folder: join(DATA, set, name), expected: read(join(DATA, set, file)) };
  });
}

function offlineFixtures(): Fixture[] {
  const set = "wandb_sdk_offline";
  const names = readdirSync(join(DATA, set)).filter((name) => !name.endsWith(".md"));
  return names.map((name) => {
    const run = readdirSync(join(DATA, set, name)).find((entry) => entry.startsWith("offline-run-"));
    if (run === undefined) throw new Error(`${name} has no run folder`);
    const folder = join(DATA, set, name, run);
    return { set, name, folder, expected: read(join(DATA, set, name, "expected.json")) };
  });
}

export const FIXTURES: readonly Fixture[] = [
  ...offlineFixtures(),
  ...besideFixtures("wandb_sdk_online"),
  ...besideFixtures("wandb_sdk_legacy"),
];

export function fixture(set: string, name: string): Fixture {
  const found = FIXTURES.find((item) => item.set === set && item.name === name);
  if (found === undefined) throw new Error(`There is no fixture ${set}/${name}`);
  return found;
}

/** The config without W&B's own `_wandb`, to which the importer adds what the log says elsewhere. */
export const trueConfig = ({ config }: Expected): string => objectText(config.filter(([path]) => path[0] !== "_wandb"));

/** The history rows with their steps, in the order of the log. */
export function trueHistory({ history }: Expected): { readonly step: bigint; readonly text: string }[] {
  return history.map(({ step, items }) => {
    const logged = items.find(([path]) => path.length === 1 && path[0] === "_step");
    const all = logged === undefined && step !== null ? [...items, [["_step"], step] as const] : items;
    return { step: BigInt(step ?? logged?.[1] ?? -1), text: objectText(all) };
  });
}

/** Rows in order of step; those of one step stay in their order. */
export function byStep<T extends { readonly step: bigint }>(rows: readonly T[]): T[] {
  return [...rows].sort((a, b) => (a.step < b.step ? -1 : a.step > b.step ? 1 : 0));
}

/** The system events: metrics under their full names, and the time in unix seconds. */
export function trueEvents({ stats }: Expected): string[] {
  return stats.map(({ timestamp, items }) => {
    const seconds = Date.parse(`${timestamp.slice(0, 19)}Z`) / 1000;
    const time: Item = [["_timestamp"], `${seconds}.${timestamp.slice(20, 29)}`];
    return objectText([time, ...items.map(([key, text]): Item => [[`system.${key}`], text])]);
  });
}

/** What the run said of its machine: the environment record, or the file that older clients write. */
export function trueSystemInfo({ expected, folder }: Fixture): string {
  if (Object.keys(expected.environment).length > 0) return JSON.stringify(expected.environment);
  return readFileSync(join(folder, "files/wandb-metadata.json"), "utf8");
}
