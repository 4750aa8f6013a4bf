/** Sets of small integers that share structure: a changed copy costs a path, and equal parts are skipped by identity. */

/** A leaf is a mask of 32 members; a node has 32 children; 0 is empty at every height. */
type Node = number | readonly Node[];

const EMPTY_KIDS: readonly Node[] = new Array<Node>(32).fill(0);

/** An immutable set of integers from 0. */
export class IntSet {
  static readonly empty: IntSet = new IntSet(0, 0);

  private constructor(readonly root: Node, readonly height: number) {}

  /** The set of these. */
  static of(items: Iterable<number>): IntSet {
    let set = IntSet.empty;
    for (const i of items) set = set.with(i);
    return set;
  }

  get isEmpty(): boolean {
    return this.root === 0;
  }

  has(item: number): boolean {
    if (item >= reach(this.height)) return false;
    let node = this.root;
    for (let h = this.height; h > 0; h--) {
      if (node === 0) return false;
      node = (node as readonly Node[])[(item >>> (5 * h)) & 31]!;
    }
    return ((node as number) & (1 << (item & 31))) !== 0;
  }

  with(item: number): IntSet {
    if (this.has(item)) return this;
    let { root, height } = this;
    while (item >= reach(height)) {
      root = root === 0 ? 0 : replaced(EMPTY_KIDS, 0, root);
      height++;
    }
    return new IntSet(insert(root, height, item), height);
  }

  without(item: number): IntSet {
    return this.has(item)
      ? new IntSet(remove(this.root, this.height, item), this.height)
      : this;
  }

  /** Members of either. */
  union(other: IntSet): IntSet {
    if (this.root === 0) return other;
    if (other.root === 0) return this;
    const [a, b, height] = levelled(this, other), root = unite(a, b, height);
    if (root === this.root && height === this.height) return this;
    return root === other.root && height === other.height
      ? other
      : new IntSet(root, height);
  }

  /** Members that `other` lacks. */
  minus(other: IntSet): IntSet {
    if (this.root === 0 || other.root === 0) return this;
    const [a, b, height] = levelled(this, other), root = subtract(a, b, height);
    return root === this.root && height === this.height
      ? this
      : new IntSet(root, height);
  }

  /** Members that `other` has too. */
  intersect(other: IntSet): IntSet {
    const [a, b, height] = levelled(this, other), root = common(a, b, height);
    return root === this.root && height === this.height
      ? this
      : new IntSet(root, height);
  }

  /** Whether every member is one of `other`. */
  isIn(other: IntSet): boolean {
    const [a, b, height] = levelled(this, other);
    return within(a, b, height);
  }

  /** Whether there are two members or more. */
  get isBroad(): boolean {
    const members = this[Symbol.iterator]();
    return !members.next().done && !members.next().done;
  }

  /** Whether they have a member in common. */
  meets(other: IntSet): boolean {
    const [a, b, height] = levelled(this, other);
    return meet(a, b, height);
  }

  /** Members in rising order. */
  *[Symbol.iterator](): Generator<number> {
    const stack: [Node, number, number][] = [[this.root, this.height, 0]];
    for (let top = stack.pop(); top; top = stack.pop()) {
      const [node, height, base] = top;
      if (node === 0) continue;
      if (height > 0) {
        const kids = node as readonly Node[];
        for (let k = 31; k >= 0; k--) {
          if (kids[k] !== 0) {
            stack.push([kids[k]!, height - 1, base + k * reach(height - 1)]);
          }
        }
      } else {
        for (let mask = node as number; mask !== 0; mask &= mask - 1) {
          yield base + 31 - Math.clz32(mask & -mask);
        }
      }
    }
  }
}

/** How many integers fit under a root of this height. */
function reach(height: number): number {
  return 32 ** (height + 1);
}

function replaced(
  kids: readonly Node[],
  k: number,
  kid: Node,
): readonly Node[] {
  const copy = kids.slice();
  copy[k] = kid;
  return copy;
}

function insert(node: Node, height: number, item: number): Node {
  if (height === 0) return (node as number) | (1 << (item & 31));
  const kids = node === 0 ? EMPTY_KIDS : node as readonly Node[],
    k = (item >>> (5 * height)) & 31;
  return replaced(kids, k, insert(kids[k]!, height - 1, item));
}

function remove(node: Node, height: number, item: number): Node {
  if (height === 0) return (node as number) & ~(1 << (item & 31));
  const kids = node as readonly Node[], k = (item >>> (5 * height)) & 31;
  return orEmpty(replaced(kids, k, remove(kids[k]!, height - 1, item)));
}

function orEmpty(kids: readonly Node[]): Node {
  return kids.every((kid) => kid === 0) ? 0 : kids;
}

/** Both roots at the greater height. */
function levelled(a: IntSet, b: IntSet): [Node, Node, number] {
  const height = Math.max(a.height, b.height);
  return [raised(a, height), raised(b, height), height];
}

function raised({ root, height }: IntSet, to: number): Node {
  for (; height < to && root !== 0; height++) {
    root = replaced(EMPTY_KIDS, 0, root);
  }
  return root;
}

function unite(a: Node, b: Node, height: number): Node {
  if (a === b || b === 0) return a;
  if (a === 0) return b;
  if (height === 0) return (a as number) | (b as number);
  return combined(
    a as readonly Node[],
    b as readonly Node[],
    (x, y) => unite(x, y, height - 1),
  );
}

function subtract(a: Node, b: Node, height: number): Node {
  if (a === b) return 0;
  if (a === 0 || b === 0) return a;
  if (height === 0) return (a as number) & ~(b as number);
  const kids = combined(
    a as readonly Node[],
    b as readonly Node[],
    (x, y) => subtract(x, y, height - 1),
  );
  return kids === a ? a : orEmpty(kids);
}

function common(a: Node, b: Node, height: number): Node {
  if (a === b || a === 0) return a;
  if (b === 0) return 0;
  if (height === 0) return (a as number) & (b as number);
  const kids = combined(
    a as readonly Node[],
    b as readonly Node[],
    (x, y) => common(x, y, height - 1),
  );
  return kids === a || kids === b ? kids : orEmpty(kids);
}

/** Children combined one by one; `a` or `b` itself where nothing differs from it. */
function combined(
  a: readonly Node[],
  b: readonly Node[],
  f: (x: Node, y: Node) => Node,
): readonly Node[] {
  let kids: Node[] | null = null, isB = true;
  for (let k = 0; k < 32; k++) {
    const kid = f(a[k]!, b[k]!);
    if (kids === null && kid !== a[k]) kids = a.slice();
    if (kids !== null) kids[k] = kid;
    if (kid !== b[k]) isB = false;
  }
  return kids === null ? a : isB ? b : kids;
}

function meet(a: Node, b: Node, height: number): boolean {
  if (a === 0 || b === 0) return false;
  if (a === b) return true; // no node is without members
  if (height === 0) return ((a as number) & (b as number)) !== 0;
  for (let k = 0; k < 32; k++) {
    const x = (a as readonly Node[])[k]!, y = (b as readonly Node[])[k]!;
    if (x !== 0 && meet(x, y, height - 1)) return true;
  }
  return false;
}

function within(a: Node, b: Node, height: number): boolean {
  if (a === b || a === 0) return true;
  if (b === 0) return false;
  if (height === 0) return ((a as number) & ~(b as number)) === 0;
  for (let k = 0; k < 32; k++) {
    const x = (a as readonly Node[])[k]!, y = (b as readonly Node[])[k]!;
    if (x !== 0 && !within(x, y, height - 1)) return false;
  }
  return true;
}
