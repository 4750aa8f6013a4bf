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

import figure1 as one
import figure2 as two
from common import in_turns

NAME = "PyTensor"

pytensor.config.floatX = "float32"


def figure1(start, threads):
    for name, mode in modes():
        yield name, build_network(start, mode)


def figure2(start, threads):
    for name, mode in modes():
        yield name, build_recurrent(start, mode)


def modes():
    return [("C", Mode(linker="cvm", optimizer="fast_run")), ("Numba", get_mode("NUMBA"))]


def numbered(count):
    """The index of each step, as what a trusted function takes."""
    return [(np.asarray(k, np.int64),) for k in range(count)]


def build_network(start, mode):
    weights = [pytensor.shared(w) for w in start.copies()]
    X, labels = pytensor.shared(start.X), pytensor.shared(start.y)
    i = pt.lscalar("i")
    cut = slice(i * start.batch, (i + 1) * start.batch)
    h, y = X[cut], labels[cut]
    for k in range(0, len(weights), 2):
        h = h @ weights[k] + weights[k + 1]
        if k < len(weights) - 2:
            h = pt.tanh(h)
    loss = -pt.log(pt.special.softmax(h, axis=1))[pt.arange(y.shape[0]), y].mean()
    gradients = pytensor.grad(loss, weights)
    rate = np.float32(one.RATE)
    step = pytensor.function(
        [i], loss, updates=[(w, w - rate * g) for w, g in zip(weights, gradients)], mode=mode
    )
    step.trust_input = True
    return in_turns(step, numbered(start.batches))


def build_recurrent(start, mode):
    weights = [pytensor.shared(w) for w in start.copies()]
    Wx, Wh, Wo, bh, bo = weights
    text = pytensor.shared(start.text)
    last = pytensor.shared(np.zeros(start.n, np.float32))
    i = pt.lscalar("i")
    begin = i * two.LENGTH
    x, y = text[begin : begin + two.LENGTH], text[begin + 1 : begin + two.LENGTH + 1]
    h, _ = pytensor.scan(
        lambda each, h: pt.sigmoid(each + h @ Wh),
        sequences=[Wx[x] + bh],
        outputs_info=[last],
    )
    p = pt.special.softmax(h @ Wo + bo, axis=1)
    loss = -pt.log(p)[pt.arange(y.shape[0]), y].sum()
    gradients = pytensor.grad(loss, weights)
    rate = np.float32(two.RATE)
    updates = [(w, w - rate * g) for w, g in zip(weights, gradients)] + [(last, h[-1])]
    step = pytensor.function([i], loss, updates=updates, mode=mode)
    step.trust_input = True
    return in_turns(step, numbered(two.SEQUENCES))
