import fc from "fast-check";
import { expect, test } from "vitest";
import { formatNote, parseNote } from "../../src/reading/partition-note.ts";

const number = fc.nat(1_000_000);
const ranges = fc.array(
  fc.tuple(number, number).map(([first, more]) => ({ first: first + 1_000, last: first + 1_000 + more })),
  { maxLength: 5 },
);

test("a note is read as it was written", () => {
  const note = fc.record({
    owner: fc.constantFrom("", "0a1b2c3d4e5f"),
    crashCounts: fc.array(
      fc.record({ end: number, crashes: fc.nat(30) }).map(({ end, crashes }) => ({ end: end + 1_001, crashes })),
      { maxLength: 5 },
    ),
    settled: ranges,
    progress: fc
      .array(fc.tuple(number, fc.record({ failures: fc.nat(9), notBefore: fc.nat(2 ** 41) })), { maxLength: 5 })
      .map((all) => new Map(all.map(([at, progress]) => [at + 1_000, progress]))),
    exposed: fc.option(ranges, { nil: undefined }),
  });
  fc.assert(
    fc.property(note, (one) => {
      fc.pre(one.owner !== "" || one.exposed?.length !== 0);
      expect(parseNote(1_000, formatNote(1_000, one))).toEqual(one);
    }),
  );
});

test("a note stays within what a broker takes, however much there is to note", () => {
  const settled = Array.from({ length: 5_000 }, (_, index) => ({ first: index * 2, last: index * 2 }));
  const progress = new Map(Array.from({ length: 500 }, (_, at) => [at, { failures: 1, notBefore: Date.now() }]));
  const most = { owner: "me", crashCounts: [{ end: 256, crashes: 2 }], exposed: [{ first: 7, last: 7 }] };
  const note = formatNote(0, { ...most, settled, progress });
  expect(note.length).toBeLessThan(4_096);
  expect(parseNote(0, note)).toMatchObject(most);
});

test("more failures than a consumer counts are not believed", () => {
  const progress = new Map([
    [7, { failures: 2_000_000, notBefore: 0 }],
    [8, { failures: 2, notBefore: 0 }],
  ]);
  const note = formatNote(5, { owner: "me", crashCounts: [], settled: [], progress });
  expect([...parseNote(5, note).progress.keys()]).toEqual([8]);
});

test("numbers that no consumer of ours writes make it no note", () => {
  expect(parseNote(5, "anybroker:me:zzzzzzzzzzzz-1::")).toMatchObject({ owner: "", crashCounts: [] });
  expect(parseNote(5, "anybroker:me:4-:7--::")).toMatchObject({ owner: "", crashCounts: [] });
});

test("metadata of another program is no note", () => {
  expect(parseNote(5, '{"some":"json"}')).toEqual({ owner: "", crashCounts: [], settled: [], progress: new Map() });
});
