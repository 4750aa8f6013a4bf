"""PyTorch, eager: autograd, cross_entropy, and SGD over all weights at once."""
import torch

import figure1 as one
import figure2 as two
import lstm as layer

NAME = "PyTorch eager"


def figure1(start, threads):
    torch.set_num_threads(threads)
    weights = [torch.from_numpy(w).requires_grad_() for w in start.copies()]
    X, y = torch.from_numpy(start.X), torch.from_numpy(start.y).long()
    minibatches, state = start.minibatches(X, y), [0]
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

    def run(count, losses=None):
        for _ in range(count):
            loss = step(*minibatches[state[0]])
            state[0] = (state[0] + 1) % len(minibatches)
            if losses is not None:
                losses.append(loss)

    yield "", run


def figure2(start, threads):
    torch.set_num_threads(threads)
    weights = [torch.from_numpy(w).requires_grad_() for w in start.copies()]
    Wx, Wh, Wo, bh, bo = weights
    sequences = [[torch.from_numpy(part).long() for part in pair] for pair in start.sequences()]
    state = {"at": 0, "h": torch.zeros(1, start.n)}
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

    def run(count, losses=None):
        for _ in range(count):
            loss = step(*sequences[state["at"]])
            state["at"] = (state["at"] + 1) % len(sequences)
            if losses is not None:
                losses.append(loss)

    yield "", run


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

    def run(count, losses=None):
        for _ in range(count):
            loss = model(x)[0].square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if losses is not None:
                losses.append(loss.detach())

    yield "", run
