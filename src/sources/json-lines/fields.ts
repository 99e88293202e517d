import { type Path, parsePointer } from "../../json/pointer.js";

/** For each part of a run's identity the paths where it may stand, in the order in which they are tried. */
export interface IdentityFields {
  readonly run_id: readonly Path[];
  readonly project: readonly Path[];
  readonly entity: readonly Path[];
}

/** The fields as a user names them; undefined for the usual ones. */
export interface FieldNames {
  readonly runId?: string | undefined;
  readonly project?: string | undefined;
  readonly entity?: string | undefined;
}

const USUAL: IdentityFields = { run_id: [["run_id"], ["run"], ["id"]], project: [["project"]], entity: [["entity"]] };

/**
 * The paths that a field name may mean: a JSON Pointer one; a name with dots the member of that very name, else the
 * nested one.
 * @throws RangeError when it is empty or no valid JSON Pointer.
 */
export function fieldPaths(name: string): Path[] {
  if (name.startsWith("/")) return [parsePointer(name)];
  if (name === "") throw new RangeError("A field name is not empty");
  return name.includes(".") ? [[name], name.split(".")] : [[name]];
}

/** The paths of the identity: those the user named, else `run_id`, `run`, `id`; `project`; `entity`. */
export function identityFields(names: FieldNames): IdentityFields {
  const of = (name: string | undefined, usual: readonly Path[]) => (name === undefined ? usual : fieldPaths(name));
  return {
    run_id: of(names.runId, USUAL.run_id),
    project: of(names.project, USUAL.project),
    entity: of(names.entity, USUAL.entity),
  };
}
