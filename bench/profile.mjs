/** Where the time of a command goes: the functions of a CPU profile by their own time. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const ROOT = new URL("..", import.meta.url).href;
const TOP = 15;

function placeOf({ functionName, url, lineNumber }) {
  const name = functionName === "" ? "(anonymous)" : functionName;
  if (url === "") return name;
  const file = url.startsWith(ROOT) ? url.slice(ROOT.length) : url;
  return `${name}  ${file}:${lineNumber + 1}`;
}

/** Lines for the functions with the most self time of the main thread; what the engine's threads do is not in it. */
export function topFunctions(path) {
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(path, "utf8"));
  const places = new Map(nodes.map((node) => [node.id, placeOf(node.callFrame)]));
  const own = new Map();
  let total = 0;
  for (const [i, id] of samples.entries()) {
    const place = places.get(id);
    own.set(place, (own.get(place) ?? 0) + timeDeltas[i]);
    total += timeDeltas[i];
  }
  const top = [...own].sort((a, b) => b[1] - a[1]).slice(0, TOP);
  return top.map(([place, time]) => {
    const share = ((100 * time) / total).toFixed(1);
    return `${(time / 1000).toFixed(0).padStart(8)} ms ${share.padStart(5)} %  ${place}`;
  });
}

/** Flags that make Node write the profile of a process to a file, and the file. */
export function profileFlags(folder, name) {
  const file = `${name.replaceAll(/[^\w-]+/g, "-")}.cpuprofile`;
  const flags = ["--cpu-prof", `--cpu-prof-dir=${folder}`, `--cpu-prof-name=${file}`];
  return { flags, path: fileURLToPath(new URL(file, new URL(`file://${folder}/`))) };
}
