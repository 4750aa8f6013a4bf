"""NumPy: the steps by hand, gradients in place."""
import numpy as np

import figure1 as one
import figure2 as two
from common import in_turns

NAME = "NumPy by hand"


def figure1(start, threads):
    weights, minibatches = start.copies(), start.minibatches()
    Ws, bs = weights[::2], weights[1::2]
    n, last = start.batch, len(Ws) - 1
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
            gradient *= np.float32(one.RATE)
            Ws[k] -= gradient
            bs[k] -= np.float32(one.RATE) * d.sum(0)
            if k:
                d = back
        return loss

    yield "", in_turns(step, minibatches)


def figure2(start, threads):
    Wx, Wh, Wo, bh, bo = start.copies()
    sequences, row = start.sequences(), np.arange(two.LENGTH)
    H = np.zeros((two.LENGTH + 1, start.n), np.float32)
    rate = np.float32(two.RATE)

    def step(x, y):
        inputs = Wx[x] + bh
        for t in range(two.LENGTH):
            z = H[t] @ Wh
            z += inputs[t]
            H[t + 1] = 1 / (1 + np.exp(-z))
        after = H[1:]
        p = after @ Wo
        p += bo
        p -= p.max(1, keepdims=True)
        right = p[row, y]
        np.exp(p, out=p)
        sums = p.sum(1, keepdims=True)
        loss = np.log(sums).sum() - right.sum()
        p /= sums
        p[row, y] -= 1
        back = p @ Wo.T
        slope = after * (1 - after)
        dz = np.zeros_like(slope)
        dz[-1] = back[-1] * slope[-1]
        for t in range(two.LENGTH - 2, -1, -1):
            d = Wh @ dz[t + 1]
            d += back[t]
            d *= slope[t]
            dz[t] = d
        np.subtract(Wo, rate * (after.T @ p), out=Wo)
        np.subtract(bo, rate * p.sum(0), out=bo)
        np.subtract(Wh, rate * (H[:-1].T @ dz), out=Wh)
        np.subtract(bh, rate * dz.sum(0), out=bh)
        np.subtract.at(Wx, x, rate * dz)
        H[0] = H[-1]
        return loss

    yield "", in_turns(step, sequences)
