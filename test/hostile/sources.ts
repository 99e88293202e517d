import { createWriteStream } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DuckDBInstance, LIST, listValue, VARCHAR } from "@duckdb/node-api";
import { exit, frame, item, message, record, run } from "../sources/wandb-folder/log-writer.js";
import type { Members, Payload } from "./payloads.js";

/** A way in which a payload comes. */
export interface Source {
  readonly name: string;
  /** Whether a row that is refused has its step in its text only. */
  readonly losesStep: boolean;
  /** Writes the payload of a run into a folder; gives the arguments that import it. */
  write(payload: Payload, run: string, folder: string): Promise<readonly string[]>;
}

const textOf = (members: Members): string =>
  `{${members.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(",")}}`;

/** A message of many items, which do not fit into the arguments of one call. */
function itemsMessage(members: Members, field: number): Uint8Array {
  return Buffer.concat(members.map((entry) => message([field, item(entry)])));
}

const wandbLog: Source = {
  name: ".wandb log",
  losesStep: false,
  async write({ config, rows = [] }, id, folder) {
    const records = [
      run([1, id]),
      ...(config === undefined ? [] : [record("config", itemsMessage(config, 1))]),
      ...rows.map((row, step) =>
        record(
          "history",
          Buffer.concat([itemsMessage(row, 1), message([2, step === 0 ? message() : message([1, step])])]),
        ),
      ),
      exit(),
    ];
    await writeFile(join(folder, `run-${id}.wandb`), frame(records));
    return [folder];
  },
};

const drWandb: Source = {
  name: "dr_wandb Parquet",
  losesStep: false,
  async write({ config, rows = [] }, id, folder) {
    const instance = await DuckDBInstance.create(":memory:");
    const connection = await instance.connect();
    const put = (name: string, value: string[]): Promise<unknown> =>
      connection.run(`SET VARIABLE ${name} = $1`, [listValue(value)], [LIST(VARCHAR)]);
    await put("configs", config === undefined ? [] : [textOf(config)]);
    await put("rows", rows.map(textOf));
    const keys = `'${id}' AS run_id, 'team' AS entity, 'proj' AS project`;
    const metadata = `SELECT ${keys}, getvariable('configs')[1] AS config, '{"state":"finished"}' AS system_attrs`;
    const history = `SELECT '${id}' AS run_id, generate_subscripts(getvariable('rows'), 1) - 1 AS step, unnest(getvariable('rows')) AS metrics`;
    for (const [name, query] of Object.entries({ runs_metadata: metadata, runs_history: history })) {
      await connection.run(
        `COPY (${query}) TO '${join(folder, `${name}.parquet`)}' (FORMAT parquet, COMPRESSION zstd)`,
      );
    }
    connection.closeSync();
    instance.closeSync();
    return [folder];
  },
};

const jsonLines: Source = {
  name: "JSON Lines",
  losesStep: true,
  async write({ config, rows = [] }, id, folder) {
    const write = async (name: string, records: readonly (() => string)[]): Promise<string> => {
      const path = join(folder, name);
      const stream = createWriteStream(path);
      for (const text of records)
        if (!stream.write(`${text()}\n`)) await new Promise<void>((go) => stream.once("drain", () => go()));
      await new Promise<void>((done) => stream.end(() => done()));
      return path;
    };
    const place = { run_id: id, entity: "team", project: "proj" };
    const head = JSON.stringify(place).slice(0, -1);
    const paths: string[] = [];
    if (config !== undefined) {
      paths.push(await write("runs.jsonl", [() => `${head},"config":${textOf(config)},"state":"finished"}`]));
    }
    const lines = rows.map((row, step) => () => `${head},"_step":${step},${textOf(row).slice(1)}`);
    if (rows.length > 0) paths.push(await write("history.jsonl", lines));
    return paths;
  },
};

/** Add a source here, and it is held to every payload. */
export const SOURCES: readonly Source[] = [wandbLog, drWandb, jsonLines];

export async function writePayload(
  source: Source,
  payload: Payload,
  run: string,
  folder: string,
): Promise<readonly string[]> {
  await mkdir(folder, { recursive: true });
  return source.write(payload, run, folder);
}
