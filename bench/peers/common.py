"""What all peers share: the numbers that limit/common.h draws, and how a rate is taken."""
from itertools import cycle
import json
import time

import numpy as np

MASK = (1 << 64) - 1


class Random:
    """xorshift64 with the seed and the order of limit/common.h."""

    def __init__(self):
        self.state = 88172645463325252

    def draw(self, count):
        """The upper 32 bits of the next `count` states."""
        state, out = self.state, [0] * count
        for i in range(count):
            state ^= state << 13 & MASK
            state ^= state >> 7
            state ^= state << 17 & MASK
            out[i] = state >> 32
        self.state = state
        return np.array(out, np.uint32)

    def floats(self, count):
        """In [0, 1), rounded as C's float product is."""
        return self.draw(count).astype(np.float32) * np.float32(1 / 4294967296)


def rate_of(run, work, budget):
    """The best rate of many blocks of about 4 ms, as `measure` of limit/common.h takes it; run(n) makes n steps."""
    clock = time.perf_counter
    run(1)
    per, start, count = float("inf"), clock(), 0
    while count < 3 or clock() - start < budget / 4:
        before = clock()
        run(1)
        per, count = min(per, clock() - before), count + 1
    n = max(1, int(0.004 / per))
    best, start, count = float("inf"), clock(), 0
    while count < 7 or clock() - start < budget:
        before = clock()
        run(n)
        best, count = min(best, (clock() - before) / n), count + 1
    return work / best


def in_turns(step, arguments):
    """The variant whose steps take these arguments in turns, and go on where it stopped."""
    turns = cycle(arguments)

    def run(count, losses=None):
        for _ in range(count):
            loss = step(*next(turns))
            if losses is not None:
                losses.append(loss)

    return run


def rate_and_loss(run, checked, work, budget, rounds):
    """The best rate of a variant, and the mean loss of its first steps."""
    losses = []
    run(checked, losses)
    loss = float(np.mean([float(each) for each in losses]))
    return max(rate_of(run, work, budget) for _ in range(rounds)), loss


def report(**fields):
    """One JSON line on standard output."""
    print(json.dumps(fields), flush=True)
