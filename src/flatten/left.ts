import type { JsonMember } from "../json/read.js";

/** What is left of the members of an object. Members that stand side by side in the text are one piece of it. */
export class Left {
  private readonly text: string;
  private readonly pieces: string[] = [];
  private from = -1;
  private to = -1;

  constructor(text: string) {
    this.text = text;
  }

  /** A member that is left whole. */
  whole({ keyStart, keyEnd, value }: JsonMember): void {
    const { text } = this;
    if (value.start !== keyEnd + 1) this.part({ keyStart, keyEnd }, text.slice(value.start, value.end));
    else if (this.from >= 0 && keyStart === this.to + 1) this.to = value.end;
    else {
      this.close();
      this.from = keyStart;
      this.to = value.end;
    }
  }

  /** A member of which this text is left. */
  part({ keyStart, keyEnd }: Pick<JsonMember, "keyStart" | "keyEnd">, rest: string): void {
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
