/** Names that may have been meant by one that does not exist. */

/** At most so many are offered. */
const MOST = 3;

/**
 * The end of a message about a name that is not there: `; did you mean axis?`,
 * or nothing where no name is near. Case and underscores do not count, so that
 * `allow_input_downcast` finds `allowInputDowncast`.
 */
export function didYouMean(name: string, names: Iterable<string>): string {
  const asked = plain(name), far = 1 + Math.floor(asked.length / 4);
  const near = [...names]
    .map((known) => ({ known, away: distance(asked, plain(known)) }))
    .filter(({ away }) => away <= far)
    .sort((a, b) => a.away - b.away)
    .slice(0, MOST)
    .map(({ known }) => known);
  return near.length > 0 ? `; did you mean ${near.join(" or ")}?` : "";
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll("_", "");
}

/** How many letters must be changed, left out, put in, or exchanged with the next one. */
function distance(a: string, b: string): number {
  // rows[i][j]: from the first i letters of a to the first j of b.
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i], before = rows[i - 1]!;
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1],
        swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] &&
          a[i - 2] === b[j - 1];
      row[j] = Math.min(
        before[j]! + 1,
        row[j - 1]! + 1,
        before[j - 1]! + (same ? 0 : 1),
        swapped ? rows[i - 2]![j - 2]! + 1 : Infinity,
      );
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}
