"""PyTorch, eager: autograd, cross_entropy, and SGD over all weights at once."""
import torch

import figure1 as one
import figure2 as two
import lstm as layer
from common import in_turns

NAME = "PyTorch eager"


def figure1(start, threads):
    torch.set_num_threads(threads)
    weights = [torch.from_numpy(w).requires_grad_() for w in start.copies()]
    X, y = torch.from_numpy(start.X), torch.from_numpy(start.y).long()
    minibatches = start.minibatches(X, y)
    last = len(weights) - 2
    optimizer = torch.optim.SGD(weights, lr=one.RATE, foreach=True)

    def step(x, y):
        h = x
        for k in range(0, len(weights), 2):
            h = torch.addmm(weights[k + 1], h, weights[k])
            if k < last:
                h = torch.tanh(h)
        loss = torch.nn.functional.cross_entropy(h, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.detach()

    yield "", in_turns(step, minibatches)


def figure2(start, threads):
    torch.set_num_threads(threads)
    weights = [torch.from_numpy(w).requires_grad_() for w in start.copies()]
    Wx, Wh, Wo, bh, bo = weights
    sequences = [[torch.from_numpy(part).long() for part in pair] for pair in start.sequences()]
    state = {"h": torch.zeros(1, start.n)}
    optimizer = torch.optim.SGD(weights, lr=two.RATE, foreach=True)

    def step(x, y):
        inputs = (Wx[x] + bh).unsqueeze(1).unbind(0)
        h, states = state["h"], []
        for each in inputs:
            h = torch.sigmoid(torch.addmm(each, h, Wh))
            states.append(h)
        logits = torch.addmm(bo, torch.cat(states), Wo)
        loss = torch.nn.functional.cross_entropy(logits, y, reduction="sum")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        state["h"] = h.detach()
        return loss.detach()

    yield "", in_turns(step, sequences)


def lstm(start, threads):
    torch.set_num_threads(threads)
    model = torch.nn.LSTM(start.units, start.units)
    order = [start.gates[gate] for gate in ["input", "forget", "cell", "output"]]
    with torch.no_grad():
        for parameter, k in [(model.weight_ih_l0, 0), (model.weight_hh_l0, 1)]:
            parameter.copy_(torch.cat([torch.from_numpy(gate[k].T.copy()) for gate in order]))
        model.bias_ih_l0.copy_(torch.cat([torch.from_numpy(gate[2]) for gate in order]))
        model.bias_hh_l0.zero_()
    model.bias_hh_l0.requires_grad_(False)
    weights = [w for w in model.parameters() if w.requires_grad]
    optimizer = torch.optim.SGD(weights, lr=layer.RATE, foreach=True)
    x = torch.from_numpy(start.x)

    def step():
        loss = model(x)[0].square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.detach()

    yield "", in_turns(step, [()])
