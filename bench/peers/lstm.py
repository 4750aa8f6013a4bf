"""An LSTM's training step: weights, inputs, and what a peer's variants are measured by."""
import numpy as np

from common import Random, rate_and_loss

LENGTH, RATE, CHECKED = 100, 1e-3, 5
GATES = ["input", "forget", "output", "cell"]


class Start:
    """For each gate W, U and b, then the inputs [LENGTH, streams, units]: the same bits as in bench/micro/lstm.ts."""

    def __init__(self, units, streams):
        self.units, self.streams, random = units, streams, Random()

        def draw(*shape):
            drawn = (random.floats(int(np.prod(shape))) - np.float32(0.5)) * np.float32(0.2)
            return drawn.reshape(shape)

        self.gates = {
            gate: (draw(units, units), draw(units, units), draw(units)) for gate in GATES
        }
        self.x = draw(LENGTH, streams, units)


def measure(peer, cell, threads, budget, rounds):
    """A record for each variant of the peer: its best rate, and the mean loss of its first steps."""
    units, streams = map(int, cell.split("x"))
    for variant, run in peer.lstm(Start(units, streams), threads):
        value, loss = rate_and_loss(run, CHECKED, LENGTH * streams, budget, rounds)
        yield {"variant": variant, "value": value, "unit": "elements/s", "loss": loss}
