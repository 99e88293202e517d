import type { MemberKey } from "../json/reader.js";

/** What is left of the members of an object. Members that stand side by side in the text are one piece of it. */
export class Left {
  private readonly text: string;
  private readonly pieces: string[] = [];
  private from = -1;
  private to = -1;

  constructor(text: string) {
    this.text = text;
  }

  /** A member whose value is `text[start..end)` and is left whole. */
  whole(member: MemberKey, start: number, end: number): void {
    const { keyStart, keyEnd } = member;
    if (start !== keyEnd + 1) this.part(member, this.text.slice(start, end));
    else if (this.from >= 0 && keyStart === this.to + 1) this.to = end;
    else {
      this.close();
      this.from = keyStart;
      this.to = end;
    }
  }

  /** A member of which this text is left. */
  part({ keyStart, keyEnd }: MemberKey, rest: string): void {
    this.close();
    this.pieces.push(`${this.text.slice(keyStart, keyEnd)}:${rest}`);
  }

  /** The members, joined; undefined when there are none. */
  members(): string | undefined {
    this.close();
    return this.pieces.length === 0 ? undefined : this.pieces.join(",");
  }

  private close(): void {
    if (this.from >= 0) this.pieces.push(this.text.slice(this.from, this.to));
    this.from = -1;
  }
}
