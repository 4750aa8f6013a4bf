"""NumPy: the step by hand, gradients in place."""
import numpy as np

from figure1 import RATE

NAME = "NumPy by hand"


def figure1(start, threads):
    weights, minibatches = start.copies(), start.minibatches()
    Ws, bs = weights[::2], weights[1::2]
    n, last, state = start.batch, len(Ws) - 1, [0]
    row = np.arange(n)

    def step(x, y):
        hs = [x]
        for k, (W, b) in enumerate(zip(Ws, bs)):
            z = hs[-1] @ W
            z += b
            if k < last:
                np.tanh(z, out=z)
            hs.append(z)
        z = hs.pop()
        z -= z.max(1, keepdims=True)
        p = np.exp(z)
        sums = p.sum(1, keepdims=True)
        loss = np.mean(np.log(sums[:, 0]) - z[row, y])
        p /= sums
        p[row, y] -= 1
        d = p
        d *= np.float32(1 / n)
        for k in range(last, -1, -1):
            h = hs[k]
            if k:
                back = d @ Ws[k].T
                back *= 1 - h * h
            gradient = h.T @ d
            gradient *= np.float32(RATE)
            Ws[k] -= gradient
            bs[k] -= np.float32(RATE) * d.sum(0)
            if k:
                d = back
        return loss

    def run(count, losses=None):
        for _ in range(count):
            loss = step(*minibatches[state[0]])
            state[0] = (state[0] + 1) % len(minibatches)
            if losses is not None:
                losses.append(loss)

    yield "", run
