import type { RunKey } from "../blob.js";
import { mergeGroups, USUAL_TIERING } from "../store/tiers.js";
import { PART_BYTES, PART_ROWS, type PartDraft, type PartPlan, type RunVersions } from "./parts.js";
import type { Part } from "./tables-manifest.js";

/** A part that stays or is going to be written, with its runs as they are now. */
interface Candidate {
  readonly runs: readonly RunVersions[];
  readonly keep?: Part;
  readonly draft?: PartDraft;
}

const sum = (runs: readonly RunVersions[], name: "rows" | "bytes"): number =>
  runs.reduce((total, run) => total + run[name], 0);

const fillOf = ({ runs }: Candidate): number =>
  Math.max(sum(runs, "rows") / PART_ROWS, sum(runs, "bytes") / PART_BYTES);

/** Candidates of each folder, in their order. */
function inFolders(all: readonly Candidate[], folder: (key: RunKey) => string): Candidate[][] {
  const groups = new Map<string, Candidate[]>();
  for (const item of all) {
    const [first] = item.runs;
    if (first === undefined) continue;
    const place = folder(first.key);
    groups.set(place, [...(groups.get(place) ?? []), item]);
  }
  return [...groups.values()];
}

/**
 * Merges small parts whose runs have all ended into one, when there are several of a size: growing runs have parts of
 * their own, and would leave one each for ever.
 * @param old the parts that there are.
 * @param runs every run of the kind, in key order.
 * @param folder the folder that a run's rows have to be in; runs of different ones share no part.
 */
export function compactParts(
  plan: PartPlan,
  old: readonly Part[],
  runs: readonly RunVersions[],
  folder: (key: RunKey) => string = () => "",
): PartPlan {
  const place = new Map(runs.map((run, i) => [run.run, i]));
  const placeOf = (run: RunVersions): number => place.get(run.run) ?? runs.length;
  const runsOf = (part: Part): RunVersions[] => part.runs.flatMap(({ run }) => runs[place.get(run) ?? -1] ?? []);
  const all: Candidate[] = [
    ...plan.keep.map((keep) => ({ keep, runs: runsOf(keep) })),
    ...plan.write.map((draft) => ({ draft, runs: draft.runs })),
  ];
  const ended = all.filter((item) => item.runs.length > 0 && item.runs.every(({ growing }) => !growing));
  const first = (item: Candidate): number => Math.min(...item.runs.map(placeOf));
  ended.sort((a, b) => first(a) - first(b));
  const groups = inFolders(ended, folder).flatMap((items) => mergeGroups(items, fillOf, USUAL_TIERING));
  const merged = new Set(groups.flat());
  const ids = new Set([...merged].map(({ keep, draft }) => keep?.id ?? draft?.id));
  const moved = old.filter((part) => ids.has(part.id));
  const drafts = groups.map((group, i): PartDraft => {
    const kind = (group[0]?.keep ?? group[0]?.draft)?.kind ?? "history";
    const members = group.flatMap((item) => item.runs).sort((a, b) => placeOf(a) - placeOf(b));
    return { id: plan.nextPart + i, kind, runs: members };
  });
  return {
    keep: plan.keep.filter(({ id }) => !ids.has(id)),
    write: [...plan.write.filter(({ id }) => !ids.has(id)), ...drafts],
    drop: [...plan.drop, ...moved],
    moved,
    nextPart: plan.nextPart + drafts.length,
  };
}
