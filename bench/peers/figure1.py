"""Figure 1: the networks, their data, and what a peer's variants are measured by."""
from functools import cache

import numpy as np

from common import Random, rate_and_loss

EXAMPLES, INPUTS, OUTPUTS, RATE = 600, 784, 10, 0.01
HIDDEN = {"logistic": [], "mlp": [500], "deep": [1000, 1000, 1000]}
CHECKED = 100


@cache
def draw(net):
    """Images, labels and initial weights of a network: the same bits as in C."""
    random, weights = Random(), []
    X = random.floats(EXAMPLES * INPUTS).reshape(EXAMPLES, INPUTS)
    y = (random.draw(EXAMPLES) % OUTPUTS).astype(np.int32)
    hidden = HIDDEN[net] if net in HIDDEN else [int(net.removeprefix("mlp"))]
    sizes = [INPUTS, *hidden, OUTPUTS]
    for rows, width in zip(sizes, sizes[1:]):
        r = np.sqrt(np.float32(6 / (rows + width)))
        W = (2 * random.floats(rows * width) - 1) * r
        weights += [W.reshape(rows, width), np.zeros(width, np.float32)]
    return X, y, weights


class Start:
    """Data and initial weights of a network, in minibatches."""

    def __init__(self, net, batch):
        self.X, self.y, self.weights = draw(net)
        self.batch = batch
        self.batches = EXAMPLES // batch

    def copies(self):
        """Weights that a variant may change."""
        return [w.copy() for w in self.weights]

    def minibatches(self, X=None, y=None):
        """Views of each minibatch; of these arrays, if they are given."""
        X, y = self.X if X is None else X, self.y if y is None else y
        cuts = [slice(k * self.batch, (k + 1) * self.batch) for k in range(self.batches)]
        return [(X[cut], y[cut]) for cut in cuts]


def measure(peer, cell, threads, budget, rounds):
    """A record for each variant of the peer: its best rate, and the mean loss of its first steps.

    A variant is a function run(n, losses=None) that makes n steps and is done with them when
    it returns; each step's loss is appended to `losses`, if that is given.
    """
    net, batch = cell.split("/")
    start = Start(net, int(batch))
    for variant, run in peer.figure1(start, threads):
        value, loss = rate_and_loss(run, CHECKED, start.batch, budget, rounds)
        yield {"variant": variant, "value": value, "unit": "examples/s", "loss": loss}
