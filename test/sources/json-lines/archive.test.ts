import { gzipSync } from "node:zlib";
import { describe, expect, it, test } from "vitest";
import { unpack } from "../../../src/sources/json-lines/archive.js";
import { drain, pieces } from "./streams.js";

/** 200 lines, as the zstd tool packs them with --check. */
const ZSTD = Buffer.from(
  "KLUv/WSPKIUrACpkrAsbcGlBIQf+oUEFPeel/j+u3bsiIhLZGvY//DQBwgCtAKoA9azpXGLSMogTVBdBNk0/FtZ/uGFeRIEydxMXGaepFxQrET4KmumB/nhJqIxhCfI2PH7s1DBkVmJcUKT0UGJv4glCedjQUe+JFjwfM6U0J8KGeRLDTJf7IN4COfZHHnZxTFpxOD7rFbq9OM33XMInUW7WR4+GzSpndCQsfqJQiD6kzsyJ+J7jHcXNYxRpQtBIFmFZ9V9eR3JGEGRggYBACQYLFhQwwOBASDAwIAAEFigYHBiEAwYJBgAIoICABA4YKBAbUdA42OHfSGxIvOjJecNOuDw7weq3D1nb/Tl/ROglGBJibuxya8MgmglhM4m+loMpsQl87XoN5UJiJjynwIaFRD7HfM9FMzIhdOOICd3BHnPSM0TjzZB5nf6iNh7zMLH70RGFrARFbCQNo0eSibsM9PxTkFRiE18cJiEhszt4rcnLfEJppreGCK6EsFGoiLjTsalEiCljKQa96WfXO8cQbyZNgmf7Wg6DPiILLt1QmkWYG8vxdc7Lbs0pFSjqFOYmDTW7fXkLjKnFGA8nVJJwRINmRYIWC7c4tTjBlpz59PgkUxZuiWW0CaGcqC82vF1HwrCOJXnwDcdmdoqlE+oV9+V7yTBJN/MJ0W6tHu8SISYDp9OnlQmOHOIpNhWDNKzQkPuccN0HDqc6KlGLj3QzNBNkb78wjiVBt9TJIO1Fij3caEjUl7qQW4bq7mQ2imBHOG0OeyoBBhaYhgiV7J48UXg+MaJWPcLdMcJzaPiaj4fxghWlRJNQQtcJCzdDRzOhFkLnSDWKCJGJOY6ewVq4hJYP+mXnYkOCtJ/dqSoMdCVEly7w4wkREtr4YnGIjASZIyYUnXWqHIrpd3fCJXH2U5TSTZAweRkkxgmar8Fr9ETDZCacIh9jhSQUxBPm4YLI+HOttvATOquOCWyQlsf5lPNQFtLCuXUKIinIM3sIekgCRybkg0OB/6jRcEhERAJJoqrdESZDQSpImgMhBCMIBHE8LD4J7AMSw630VLNA5g8xWbKGZIQVCLFtwXUy3SkGTtDuY5AqkFoOGR8WswkHxcMEBnfoFJEXlpWRbdr+/tqElSkz++1tCgPKMe1Z/dxPCfjtbU1SWXM0i982BQESuj7IVUXklbCwln3zPICevgMVxuulnW5nNjxwi+X67AlxtJkoN3q30+EF4t/8pjtJwJZjAL0xyteNHfQSX1V72n0+88rdOZ4lADFzFWZP2vRNB331nk0RSsd6sffBGnb8NhUvOC2uGs0i3iaagjBqCvAsYyMLaQfJkSeKFjBQbrZ3qUD+5VFW8kM0rn3lxBZ7K+tnxnGKU+0G+IERuSaiNf9gwQfssQ2n0wFrkiWOlRsaDQCJdhbzDMRyOrdY/qC2D0YQGztz7pym0qNco83riNkEJ6UTCG1G/6td/Qw7honRMMVcw9UcxQR3A/6KSJCqAvWjGFbgbA7aH/1+4BFJRv33Z/jtZOag3mQnzC7AN1IfWYj9JdQA/BpQPWNIsdn9mIwX7qyIE8aMHKIo56aTzfZiG1kguuIgyxaT/WlpAc54DpA+H47FauQAFsUzSyuLex2btLEArewrI95r0XZ/f8q1myJThVkK68GY9nOZGWvfTWZ+gY+Apy7Opy4jWdOmY6Q+W4yVg4BoxuySvEeTkVz1m+C5Jh503RIzxk8uWaSZc0tsXGkucOA4VBHNZxOqoZqxjiXgs4zPCsOIcMp3NrY+pw16U3CcYkykXAYA+o40go7FCAu/ysZd2YZoSCazxucrA5KZKQOZYTcetaP00DhIG/Juk6ibCMG7wz+vuestHL8eRbhUBTSLh6o=",
  "base64",
);
const LINES = Array.from(
  { length: 200 },
  (_, i) => `{"run_id":"r${Math.floor(i / 50)}","_step":${i % 50},"loss":${lossText(i)}}\n`,
).join("");

function lossText(i: number): string {
  return i === 0 ? "1.0" : String(1 / (i + 1));
}

async function unpacked(bytes: Uint8Array, lengths = [1 << 20]) {
  const { stream, archive } = await unpack(pieces(bytes, lengths));
  const content = await drain(stream);
  const { problem } = stream;
  await stream.close();
  return { archive, text: content.toString("latin1"), problem };
}

/** A frame of zstd with blocks as they are, written by hand: RFC 8878. */
function frame(...blocks: readonly (readonly [type: 0 | 1, bytes: Buffer, size?: number])[]): Buffer {
  const parts = blocks.flatMap(([type, bytes, size = bytes.length], i) => {
    const head = Buffer.alloc(3);
    head.writeUIntLE((size << 3) | (type << 1) | (i === blocks.length - 1 ? 1 : 0), 0, 3);
    return [head, bytes];
  });
  return Buffer.concat([Buffer.from("28b52ffd0050", "hex"), ...parts]);
}

const text = (content: string) => Buffer.from(content, "latin1");

test("what is no archive stays what it is, however short", async () => {
  for (const content of ["", "a", '{"a":1}\n', "\x1f", "(\xb5/"]) {
    const plain = { archive: undefined, text: content, problem: undefined };
    expect(await unpacked(text(content))).toEqual(plain);
    expect(await unpacked(text(content), [1])).toEqual(plain);
  }
});

describe("gzip", () => {
  it.each([[[1 << 20]], [[1]], [[7, 100]]])("in pieces of %j", async (lengths) => {
    const whole = { archive: "gzip", text: LINES, problem: undefined };
    expect(await unpacked(gzipSync(LINES), lengths)).toEqual(whole);
  });

  it("of several members, as tools append them", async () => {
    const bytes = Buffer.concat([gzipSync("a\n"), gzipSync(""), gzipSync("b\n")]);
    expect(await unpacked(bytes, [5])).toEqual({ archive: "gzip", text: "a\nb\n", problem: undefined });
  });

  it("that ends too early gives all that can be unpacked", async () => {
    const long = LINES.repeat(1000);
    const packed = gzipSync(long);
    const { text: found, problem } = await unpacked(packed.subarray(0, packed.length - 30), [10_000]);
    expect(problem).toMatchObject({ code: "source/truncated", message: "the gzip archive ends too early" });
    expect(found).toBe(long.slice(0, found.length));
    expect(found.length).toBeGreaterThan(long.length - 10_000);
  });

  it("with a changed byte gives what came before, and a problem", async () => {
    const packed = Buffer.from(gzipSync(LINES.repeat(1000)));
    packed.fill(0xff, packed.length / 2, packed.length / 2 + 20);
    const { text: found, problem } = await unpacked(packed, [1000]);
    expect(problem?.code).toBe("source/damaged");
    expect(found.slice(0, 100_000)).toBe(LINES.repeat(1000).slice(0, 100_000));
  });

  it("whose checksum is wrong gives its content, and a problem", async () => {
    const packed = Buffer.from(gzipSync(LINES));
    packed.writeUInt32LE(1, packed.length - 8);
    const { text: found, problem } = await unpacked(packed);
    expect([found, problem?.code]).toEqual([LINES, "source/damaged"]);
  });

  it("followed by something else has a problem", async () => {
    const { text: found, problem } = await unpacked(Buffer.concat([gzipSync("a\n"), text("oops")]));
    expect([found, problem?.code]).toEqual(["a\n", "source/damaged"]);
  });
});

describe("zstd", () => {
  it.each([[[1 << 20]], [[1]], [[7, 100]]])("in pieces of %j", async (lengths) => {
    expect(await unpacked(ZSTD, lengths)).toEqual({ archive: "zstd", text: LINES, problem: undefined });
  });

  it("of several frames, empty and skippable ones too", async () => {
    const skippable = Buffer.from("502a4d1803000000616263", "hex");
    const bytes = Buffer.concat([
      frame([0, text("a\n")]),
      skippable,
      frame([0, text("")]),
      ZSTD,
      frame([1, text("b"), 3]),
    ]);
    for (const lengths of [[1 << 20], [1], [11]]) {
      expect(await unpacked(bytes, lengths)).toEqual({ archive: "zstd", text: `a\n${LINES}bbb`, problem: undefined });
    }
  });

  it.each([5, 10, 100, ZSTD.length - 1])("that ends after %i bytes gives what is whole", async (length) => {
    const { text: found, problem } = await unpacked(Buffer.concat([frame([0, text("a\n")]), ZSTD.subarray(0, length)]));
    expect(problem).toMatchObject({ code: "source/truncated", message: "the zstd archive ends too early" });
    expect(found.startsWith("a\n")).toBe(true);
  });

  it("with something else behind a frame has a problem", async () => {
    const { text: found, problem } = await unpacked(Buffer.concat([frame([0, text("a\n")]), text("oops")]));
    expect([found, problem?.code]).toEqual(["a\n", "source/damaged"]);
  });

  it("with a block that is none has a problem", async () => {
    const broken = Buffer.from(ZSTD);
    broken.fill(0xff, 20, 60);
    expect((await unpacked(Buffer.concat([frame([0, text("a\n")]), broken]))).problem?.code).toBe("source/damaged");
  });

  it("that wants to remember gigabytes is refused before it gets them", async () => {
    const window = Buffer.from("28b52ffd00f8010000", "hex");
    expect((await unpacked(window)).problem?.code).toBe("source/damaged");
    const content = Buffer.concat([Buffer.from("28b52ffde0", "hex"), Buffer.alloc(8, 0x7f), text("\x01\0\0")]);
    expect((await unpacked(content)).problem?.code).toBe("source/damaged");
  });
});

describe("a bomb needs no more memory than a small archive", () => {
  const size = 1 << 29;
  const bombs = [
    ["gzip", () => Buffer.concat(Array(8).fill(gzipSync(Buffer.alloc(size / 8))))],
    ["zstd", () => frame(...Array(size >> 17).fill([1, text("\0"), 1 << 17]))],
  ] as const;
  test.each(bombs)("%s", async (_name, make) => {
    const { stream } = await unpack(pieces(make(), [1 << 20]));
    const buffer = Buffer.alloc(1 << 20);
    const before = process.memoryUsage.rss();
    let most = 0;
    let length = 0;
    for (let read = -1; read !== 0; length += read) {
      read = await stream.read(buffer, 0);
      most = Math.max(most, process.memoryUsage.rss() - before);
    }
    expect(length).toBe(size);
    expect(most).toBeLessThan(150e6);
    await stream.close();
  });
});
