import { BLOBS, type BlobName } from "../blob.js";
import type { Path } from "../json/pointer.js";
import type { PathProfile, Profile } from "../profile/profile.js";

/** One path of a profile. */
export interface ProfilePath {
  readonly blob: BlobName;
  readonly path: Path;
  readonly node: PathProfile;
}

/** Every path of a profile but the roots, by blob, in order of path: parents before their members. */
export function* walkProfile(profile: Profile): Generator<ProfilePath> {
  for (const blob of BLOBS) {
    const root = profile.blobs[blob]?.root;
    if (root === undefined) continue;
    const todo: ProfilePath[] = [];
    const push = (path: Path, node: PathProfile): void => {
      const members = [...(node.children ?? [])].reverse();
      for (const [key, child] of members) todo.push({ blob, path: [...path, key], node: child });
    };
    push([], root);
    for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
      yield next;
      push(next.path, next.node);
    }
  }
}

/** The profile of one path, or undefined when it was never seen. */
export function profileAt(profile: Profile, blob: BlobName, path: Path): PathProfile | undefined {
  let node = profile.blobs[blob]?.root;
  for (const key of path) node = node?.children?.get(key);
  return node;
}
