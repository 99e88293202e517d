/**
 * `npm test` holds the program to small sizes, which are beyond its limits all the same; `npm run hostile` to those that
 * docs/guide.md speaks of.
 */
export const FULL = process.env["WANDB_COLUMNS_FULL"] === "1";

/** A size of hostile input. */
export const sized = (full: number, quick: number): number => (FULL ? full : quick);
