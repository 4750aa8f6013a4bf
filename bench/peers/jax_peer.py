"""JAX on the CPU: a jitted call a step, and a loop of steps inside jit."""
from functools import partial

import jax
import jax.numpy as jnp

import figure1 as one
import figure2 as two

NAME = "JAX"


def figure1(start, threads):
    X, y = jnp.asarray(start.X), jnp.asarray(start.y)
    batch, batches = start.batch, start.batches

    def cost(weights, x, y):
        h = x
        for k in range(0, len(weights), 2):
            h = h @ weights[k] + weights[k + 1]
            if k < len(weights) - 2:
                h = jnp.tanh(h)
        logs = jax.nn.log_softmax(h)
        return -jnp.mean(jnp.take_along_axis(logs, y[:, None], 1))

    def descend(weights, x, y):
        loss, gradients = jax.value_and_grad(cost)(weights, x, y)
        return [w - one.RATE * g for w, g in zip(weights, gradients)], loss

    @partial(jax.jit, donate_argnums=0)
    def step(weights, k):
        x = jax.lax.dynamic_slice_in_dim(X, k * batch, batch)
        return descend(weights, x, jax.lax.dynamic_slice_in_dim(y, k * batch, batch))

    @partial(jax.jit, donate_argnums=0)
    def steps(weights, k, count):
        def one(_, state):
            weights, k, _ = state
            weights, loss = step(weights, k)
            return weights, (k + 1) % batches, loss

        return jax.lax.fori_loop(0, count, one, (weights, k, jnp.float32(0)))

    def fresh():
        return [jnp.array(w) for w in start.weights]

    state = {"weights": fresh(), "k": 0}

    def call(count, losses=None):
        weights, k = state["weights"], state["k"]
        for _ in range(count):
            weights, loss = step(weights, k)
            k = (k + 1) % batches
            if losses is not None:
                losses.append(loss)
        jax.block_until_ready(weights)
        state.update(weights=weights, k=k)

    inner = {"weights": fresh(), "k": jnp.int32(0)}

    def loop(count, losses=None):
        for _ in range(1 if losses is None else count):
            each = count if losses is None else 1
            inner["weights"], inner["k"], loss = steps(inner["weights"], inner["k"], each)
            if losses is not None:
                losses.append(loss)
        jax.block_until_ready(inner["weights"])

    yield "a call a step", call
    yield "loop in jit", loop


def figure2(start, threads):
    text, n = jnp.asarray(start.text), start.n

    def cost(weights, h, x, y):
        Wx, Wh, Wo, bh, bo = weights

        def cell(h, each):
            h = jax.nn.sigmoid(each + h @ Wh)
            return h, h

        last, states = jax.lax.scan(cell, h, Wx[x] + bh)
        logs = jax.nn.log_softmax(states @ Wo + bo)
        return -jnp.sum(jnp.take_along_axis(logs, y[:, None], 1)), last

    @partial(jax.jit, donate_argnums=0)
    def step(state):
        weights, h, at, _ = state
        x = jax.lax.dynamic_slice_in_dim(text, at, two.LENGTH)
        y = jax.lax.dynamic_slice_in_dim(text, at + 1, two.LENGTH)
        (loss, h), gradients = jax.value_and_grad(cost, has_aux=True)(weights, h, x, y)
        weights = [w - two.RATE * g for w, g in zip(weights, gradients)]
        return weights, h, (at + two.LENGTH) % (two.SEQUENCES * two.LENGTH), loss

    @partial(jax.jit, donate_argnums=0)
    def steps(state, count):
        return jax.lax.fori_loop(0, count, lambda _, state: step(state), state)

    def variant(advance):
        weights = [jnp.array(w) for w in start.weights]
        state = [(weights, jnp.zeros(n), jnp.int32(0), jnp.float32(0))]

        def run(count, losses=None):
            if losses is None:
                state[0] = advance(state[0], count)
            else:
                for _ in range(count):
                    state[0] = advance(state[0], 1)
                    losses.append(float(state[0][3]))
            jax.block_until_ready(state[0])

        return run

    def calls(state, count):
        for _ in range(count):
            state = step(state)
        return state

    yield "a call a step", variant(calls)
    yield "loop in jit", variant(steps)
