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

/** Whether values may stand at a path that has no profile of its own: an object around it does not list all its members. */
export function isUnlisted(profile: Profile, blob: BlobName, path: Path): boolean {
  let node = profile.blobs[blob]?.root;
  for (const key of path) {
    const child = node?.children?.get(key);
    if (child === undefined) return node?.others !== undefined;
    node = child;
  }
  return false;
}

/** Every object with members that have no path of their own, roots included. */
export function* unlistedMembers(profile: Profile): Generator<ProfilePath & { readonly others: PathProfile }> {
  for (const blob of BLOBS) {
    const root = profile.blobs[blob]?.root;
    if (root?.others !== undefined) yield { blob, path: [], node: root, others: root.others };
  }
  for (const place of walkProfile(profile)) {
    if (place.node.others !== undefined) yield { ...place, others: place.node.others };
  }
}
