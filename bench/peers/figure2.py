"""Figure 2: the recurrent network, its text, and what a peer's variants are measured by."""
import numpy as np

from common import Random, rate_and_loss

SEQUENCES, LENGTH, RATE, CHECKED = 50, 100, 0.01, 20


class Start:
    """Text and initial weights (Wx, Wh, Wo, bh, bo) for n symbols and n units: the same bits as in C."""

    def __init__(self, n):
        self.n, random = n, Random()
        drawn = (random.floats(3 * n * n) - np.float32(0.5)) * np.float32(0.2)
        zeros = np.zeros(n, np.float32)
        self.weights = [*np.moveaxis(drawn.reshape(n, n, 3), 2, 0), zeros, zeros]
        text = [0]
        for k in random.draw(SEQUENCES * LENGTH) % 3:
            text.append((text[-1] * 3 + int(k)) % n)
        self.text = np.array(text, np.int32)

    def copies(self):
        """Weights that a variant may change."""
        return [np.array(w) for w in self.weights]

    def sequences(self):
        """Symbols of each sequence, and those that follow them."""
        starts = range(0, SEQUENCES * LENGTH, LENGTH)
        return [(self.text[k : k + LENGTH], self.text[k + 1 : k + LENGTH + 1]) for k in starts]


def measure(peer, cell, threads, budget, rounds):
    """A record for each variant of the peer: its best rate, and the loss of an element over its first sequences.

    A variant is a function run(n, losses=None), as in figure1; a loss is that of a sequence.
    """
    for variant, run in peer.figure2(Start(int(cell)), threads):
        value, loss = rate_and_loss(run, CHECKED, LENGTH, budget, rounds)
        yield {"variant": variant, "value": value, "unit": "elements/s", "loss": loss / LENGTH}
