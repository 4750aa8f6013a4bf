"""PyTensor, Theano's heir: shared data, the index passed to a trusted function; compiled through Numba and through C."""
import ctypes.util
import os

import numpy as np

# Installed by pip, it does not look for the system's BLAS.
if ctypes.util.find_library("openblas"):
    os.environ.setdefault("PYTENSOR_FLAGS", "blas__ldflags=-lopenblas")

import pytensor
import pytensor.tensor as pt
from pytensor.compile.mode import Mode, get_mode

from figure1 import RATE

NAME = "PyTensor"

pytensor.config.floatX = "float32"


def figure1(start, threads):
    for name, mode in [
        ("C", Mode(linker="cvm", optimizer="fast_run")),
        ("Numba", get_mode("NUMBA")),
    ]:
        yield name, build(start, mode)


def build(start, mode):
    weights = [pytensor.shared(w) for w in start.copies()]
    X, labels = pytensor.shared(start.X), pytensor.shared(start.y)
    i, state = pt.lscalar("i"), [0]
    cut = slice(i * start.batch, (i + 1) * start.batch)
    h, y = X[cut], labels[cut]
    for k in range(0, len(weights), 2):
        h = h @ weights[k] + weights[k + 1]
        if k < len(weights) - 2:
            h = pt.tanh(h)
    loss = -pt.log(pt.special.softmax(h, axis=1))[pt.arange(y.shape[0]), y].mean()
    gradients = pytensor.grad(loss, weights)
    rate = np.float32(RATE)
    step = pytensor.function(
        [i], loss, updates=[(w, w - rate * g) for w, g in zip(weights, gradients)], mode=mode
    )
    step.trust_input = True
    numbers = [np.asarray(k, np.int64) for k in range(start.batches)]

    def run(count, losses=None):
        for _ in range(count):
            loss = step(numbers[state[0]])
            state[0] = (state[0] + 1) % len(numbers)
            if losses is not None:
                losses.append(loss)

    return run
