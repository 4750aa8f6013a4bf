/** Where each unit runs: in the program, a loop's body, a branch, or a block that those call when they first need it. */
import {
  allInputs,
  type Flow,
  type Frame,
  strictInputs,
  type Unit,
  type Value,
} from "../flow.ts";

/** A straight stretch of code. */
export interface Region {
  readonly kind: "top" | "body" | "branch" | "block";
  readonly id: number;
  readonly parent: Region | null;
  readonly depth: number;
  /** The nearest top, body or block: it owns slots and flags. */
  readonly container: Region;
  /** Ids of its units. */
  readonly units: number[];
  /** The id of the last unit of the top region during which its code may run. */
  readonly latest: number;
}

/** Every unit's region. */
export interface Placement {
  readonly top: Region;
  /** By unit; null for units that nothing needs. */
  readonly home: readonly (Region | null)[];
  /** By unit: the branches of an ifelse, the body of a scan. */
  readonly inner: readonly (readonly Region[])[];
  /** The blocks, inner ones (which others call) first. */
  readonly blocks: readonly Region[];
  /** By value: whether anything needs it. */
  readonly used: readonly boolean[];
}

/** Whether a region lies in another, or is it. */
export function inside(region: Region, ancestor: Region): boolean {
  let r = region;
  while (r.depth > ancestor.depth) r = r.parent!;
  return r === ancestor;
}

function common(a: Region, b: Region): Region {
  while (a !== b) [a, b] = a.depth >= b.depth ? [a.parent!, b] : [a, b.parent!];
  return a;
}

/**
 * Consumers first: a unit goes to the region that encloses all its uses if
 * that is itself a use; else it becomes a block there. What a body computes
 * from outer values alone becomes a block around the loop, and so runs once,
 * at the first need.
 */
export function placeUnits(flow: Flow): Placement {
  let regions = 0;
  const make = (
    kind: Region["kind"],
    parent: Region | null,
    latest: number,
  ): Region => {
    const container = kind === "branch" ? parent!.container : null;
    const region = {
      kind,
      id: regions++,
      parent,
      depth: parent ? parent.depth + 1 : 0,
      units: [],
      latest,
    };
    return Object.assign(region, {
      container: container ?? region as unknown as Region,
    }) as Region;
  };
  const top = make("top", null, Infinity),
    bodies = new Map<Frame, Region>([[flow.top, top]]),
    pair = new Map<Region, Region>();
  const uses: (Set<Region> | undefined)[] = [],
    used: boolean[] = new Array(flow.values.length).fill(false);
  const home: (Region | null)[] = new Array(flow.units.length).fill(null),
    inner: Region[][] = flow.units.map(() => []);
  const blocks: Region[] = [], varies = variation(flow);

  const use = (v: Value, region: Region) => {
    used[v.id] = true;
    if (v.unit >= 0) (uses[v.unit] ??= new Set()).add(region);
  };
  /** The region around the outermost loop that a unit is wanted in and does not vary in, or null. */
  const outside = (unit: Unit, contexts: readonly Region[]): Region | null => {
    let around: Region | null = null;
    for (
      let frame = unit.frame;
      frame.depth > varies[unit.id]!.depth;
      frame = frame.parent!
    ) {
      const body = bodies.get(frame)!;
      if (contexts.some((c) => inside(c, body))) around = body.parent;
    }
    return around;
  };
  const put = (unit: Unit, region: Region) => {
    home[unit.id] = region;
    region.units.push(unit.id);
    const latest = region.kind === "top" ? unit.id : region.latest;
    if (unit.kind === "ifelse") {
      const yes = make("branch", region, latest),
        no = make("branch", region, latest);
      inner[unit.id] = [yes, no];
      pair.set(yes, no).set(no, yes);
      use(unit.cond, region);
      unit.outputs.forEach((o, i) => {
        if (!used[o.id]) return;
        use(unit.yes[i]!, yes);
        use(unit.no[i]!, no);
      });
      return;
    }
    strictInputs(unit).forEach((v) => use(v, region));
    if (unit.kind !== "scan") return;
    const body = make("body", region, latest);
    inner[unit.id] = [body];
    bodies.set(unit.body.frame, body);
    [...unit.body.results, ...(unit.body.until ? [unit.body.until] : [])]
      .forEach((v) => use(v, body));
  };

  [...flow.outputs, ...flow.updates.map((u) => u.value)].forEach((v) =>
    use(v, top)
  );
  for (let id = flow.units.length - 1; id >= 0; id--) {
    const set = uses[id];
    if (!set) continue; // nothing needs it
    // Wanted on both branches is wanted where they part. A Set takes in what is added while it is walked.
    for (const r of set) {
      const apart = pair.get(r);
      if (apart && set.has(apart)) set.add(r.parent!);
    }
    const contexts = [...set],
      unit = flow.units[id]!,
      around = outside(unit, contexts);
    const shared = around ?? contexts.reduce(common);
    if (!around && set.has(shared)) put(unit, shared);
    else {
      const block = make(
        "block",
        shared,
        Math.max(...contexts.map((c) => c.latest === Infinity ? id : c.latest)),
      );
      blocks.push(block);
      put(unit, block);
    }
  }
  for (const region of [top, ...inner.flat(), ...blocks]) {
    region.units.reverse();
  }
  return { top, home, inner, blocks: blocks.reverse(), used };
}

/** Throws what a unit refuses that is sure to run. One that may not be reached refuses when it is. */
export function checkRefusals(flow: Flow, placement: Placement): void {
  for (const id of placement.top.units) {
    const unit = flow.units[id]!;
    if (unit.kind === "compute" && unit.refusal) throw unit.refusal;
  }
}

/** For each unit the innermost frame whose rows it depends on. */
function variation(flow: Flow): Frame[] {
  const varies: Frame[] = [];
  for (const unit of flow.units) {
    let deepest = flow.top;
    for (const v of allInputs(unit)) {
      const frame = v.unit >= 0
        ? varies[v.unit]!
        : v.leaf === "row"
        ? v.frame
        : flow.top;
      if (frame.depth > deepest.depth && frame.depth <= unit.frame.depth) {
        deepest = frame;
      }
    }
    varies.push(deepest);
  }
  return varies;
}
