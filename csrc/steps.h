/*
** steps.h - what the instructions do, and what begins and ends a call: for the
** interpreter (cvm.c) and for programs printed as one C function, which link
** against nothing and call libcvm through vm->library.
*/
#ifndef DAMO_STEPS_H
#define DAMO_STEPS_H

#include "cvm.h"

#include <string.h>

#define LOCAL static __attribute__((unused))

/* ---- Buffers of slots ---- */

/* A size class, so that a buffer goes back to where it came from. */
enum { SMALL = 7 << 13 };

LOCAL Pool *pool_for(Vm *vm, int64_t bytes) { return bytes <= SMALL ? &vm->pool : vm->heap; }

LOCAL void give_back(Vm *vm, Array *a) {
  if (!a->buffer) return;
  vm->library->pool_give(pool_for(vm, a->capacity), a->buffer, a->capacity);
  vm->state->live--;
  vm->state->held -= (double)a->capacity;
  a->buffer = NULL;
  a->capacity = 0;
}

/* Gives a slot a buffer of at least `bytes` unless it has one; DAMO_MEMORY if there is none. */
LOCAL int own(Vm *vm, Array *a, int64_t bytes) {
  if (!a->buffer || a->capacity < bytes) {
    give_back(vm, a);
    a->buffer = vm->library->pool_take(pool_for(vm, bytes), bytes, &a->capacity);
    if (!a->buffer) {
      a->capacity = 0;
      vm->context.error = (KernelError){DAMO_MEMORY, 0, bytes, 0};
      return DAMO_MEMORY;
    }
    vm->state->live++;
    vm->state->taken++;
    vm->state->held += (double)a->capacity;
    if (vm->debug) memset(a->buffer, 0xff, (size_t)a->capacity);
  }
  a->data = a->buffer;
  return DAMO_OK;
}

/* The same for a slot that keeps its buffer from call to call: where it looks has not changed. */
LOCAL inline int keep(Vm *vm, Array *a, int64_t bytes) { return a->capacity < bytes ? own(vm, a, bytes) : DAMO_OK; }

LOCAL int keep_all(Vm *vm, const Own *owns, int32_t n) {
  for (int32_t i = 0; i < n; i++) {
    int error = keep(vm, owns[i].array, owns[i].bytes);
    if (error) return error;
  }
  return DAMO_OK;
}

LOCAL void release(Vm *vm, Array *a) {
  if (!a->buffer) return;
  give_back(vm, a);
  a->data = NULL;
}

/* Gives back what every slot owns; the next run starts a new call. */
LOCAL void release_all(Vm *vm) {
  for (int32_t i = 0; i < vm->n_slots; i++) {
    Array *a = &vm->headers[i];
    if (vm->slot[i] != a) continue;
    give_back(vm, a);
    a->data = vm->home[i];
  }
  vm->pc = 0;
}

/* a looks where b does. */
LOCAL void bind(Array *a, const Array *b) {
  *a = *b;
  a->buffer = NULL;
  a->capacity = 0;
}

LOCAL void take_lengths(Array *a, const Array *b) {
  memcpy(a->shape, b->shape, sizeof a->shape);
  memcpy(a->strides, b->strides, sizeof a->strides);
}

/* The storage takes the value of the slot, and the slot keeps the old buffer for the next call. */
LOCAL void swap(Vm *vm, Array *storage, Array *a) {
  Array old = *storage;
  vm->state->held += (double)(old.capacity - a->capacity);
  *storage = *a;
  a->data = old.data;
  a->buffer = old.buffer;
  a->capacity = old.capacity;
}

/* ---- Ranges split among threads ---- */

typedef struct Split {
  Vm *vm;
  Kernel kernel;
  Array *const *args;
  int64_t range;
  int parts;
} Split;

/* The length of a part: a multiple of the widest that changes none by more than a 32nd, so that two threads rarely write to one line of a cache. */
LOCAL int64_t step_of(int64_t range, int parts) {
  int64_t even = (range + parts - 1) / parts, grain = 64;
  while (grain > 1 && even < 32 * grain) grain /= 2;
  return (even + grain - 1) / grain * grain;
}

LOCAL void run_part(void *data, int part) {
  const Split *split = data;
  Context *ctx = &split->vm->workers[part];
  int64_t step = step_of(split->range, split->parts), range = split->range, lo = part * step, hi = lo + step;
  if (lo > range) lo = range;
  if (hi > range) hi = range;
  int code = lo < hi ? split->kernel(ctx, split->args, lo, hi) : DAMO_OK;
  if (!code) ctx->error.code = DAMO_OK;
  else if (!ctx->error.code) ctx->error.code = code;
}

/* Parts depend on the number of threads only, and so do errors: the first part's wins. */
LOCAL int run_split(Vm *vm, Kernel kernel, Array *const *args, int64_t range) {
  if (!vm->workers) return kernel(&vm->context, args, 0, range);
  Split split = {vm, kernel, args, range, vm->library->threads_count(vm->threads)};
  vm->library->threads_run(vm->threads, run_part, &split);
  for (int part = 0; part < split.parts; part++) {
    if (!vm->workers[part].error.code) continue;
    vm->context.error = vm->workers[part].error;
    return vm->context.error.code;
  }
  return DAMO_OK;
}

/* ---- Loops ---- */

/* Puts every cursor at its row of step `t`. */
LOCAL void place(Loop *loop, int64_t t) {
  for (Cursor *c = loop->cursors, *end = c + loop->n_cursors; c < end; c++) {
    const Array *base = c->base;
    int64_t row_bytes = base->ndim ? base->strides[0] * size_of_dtype(base->dtype) : 0;
    c->row0 = (char *)base->data + (c->stride < 0 ? (base->shape[0] - 1) * row_bytes : 0);
    c->step = c->stride * row_bytes;
    c->row = c->ring ? (c->start + t) % c->ring : c->start + t;
    c->array->data = c->row0 + c->row * c->step;
    memcpy(c->array->shape, base->shape + 1, (size_t)c->array->ndim * sizeof *base->shape);
    memcpy(c->array->strides, base->strides + 1, (size_t)c->array->ndim * sizeof *base->strides);
  }
}

/* Doubles the rows of a stack whose end is reached. */
LOCAL int grow(Vm *vm, Array *base, int64_t most) {
  Array old = *base;
  int64_t rows = 2 * base->shape[0] < most ? 2 * base->shape[0] : most, row_bytes = base->strides[0] * size_of_dtype(base->dtype);
  base->buffer = NULL;
  base->capacity = 0;
  if (own(vm, base, rows * row_bytes)) return *base = old, DAMO_MEMORY;
  memcpy(base->data, old.data, (size_t)(base->shape[0] * row_bytes));
  give_back(vm, &old);
  base->shape[0] = rows;
  return DAMO_OK;
}

/* Sets *more if the loop has a first step. */
LOCAL int enter(Vm *vm, Loop *loop, int64_t *steps, int *more) {
  int error = loop->steps->data ? DAMO_OK : own(vm, loop->steps, sizeof(int64_t));
  if (error) return error;
  loop->n = *(const int64_t *)loop->count->data;
  *steps = *(int64_t *)loop->steps->data = 0;
  *more = loop->n > 0;
  if (*more) place(loop, 0);
  return DAMO_OK;
}

/* Sets *more if the loop has another step. */
LOCAL int step(Vm *vm, Loop *loop, int64_t *steps, int *more) {
  int64_t t = ++*steps;
  *more = t < loop->n && !(loop->stop && *(const uint8_t *)loop->stop->data);
  if (!*more) return *(int64_t *)loop->steps->data = t, DAMO_OK;
  int grown = 0;
  for (Cursor *c = loop->cursors, *end = c + loop->n_cursors; c < end; c++) {
    c->array->data = (char *)c->array->data + c->step;
    if (++c->row == c->ring) c->row = 0, c->array->data = c->row0;
    if (!c->write || c->ring || c->row < c->base->shape[0]) continue;
    int error = grow(vm, c->base, c->start + loop->n);
    if (error) return error;
    grown = 1;
  }
  if (grown) place(loop, t);
  return DAMO_OK;
}

LOCAL int interrupted(Vm *vm) {
  return atomic_load_explicit(&vm->state->interrupt, memory_order_relaxed) && atomic_exchange(&vm->state->interrupt, 0);
}

/* ---- Calls ---- */

/* The call failed or was interrupted at this instruction: shared storage is as before it. */
LOCAL int stop(Vm *vm, int status, int32_t at) {
  vm->state->at = at;
  vm->state->error = vm->context.error;
  vm->state->error.code = status;
  release_all(vm);
  return status;
}

/* All calls are done: their small outputs go to where TypeScript reads them without a call into C. */
LOCAL void deliver(const Vm *vm) {
  for (const Result *r = vm->results, *end = r + vm->n_results; r < end; r++) {
    void *to = r->number ? r->number : vm->room ? vm->room + r->at : NULL;
    if (to) memcpy(to, r->from->data, (size_t)r->bytes);
  }
}

/* A call is done; *more if another one begins. */
LOCAL int halt(Vm *vm, int *more) {
  State *state = vm->state;
  state->done++;
  *more = --state->left > 0;
  if (!*more) return deliver(vm), CVM_DONE;
  if (interrupted(vm)) return *more = 0, CVM_INTERRUPTED;
  return keep_all(vm, vm->late, vm->n_late);
}

/* calls > 0 begins; 0 goes on behind HOST or STOPPED. */
LOCAL int begin(Vm *vm, int32_t calls, char *room) {
  vm->room = room;
  if (calls == 0) return DAMO_OK;
  vm->pc = 0;
  vm->state->done = 0;
  vm->state->left = calls;
  int error = keep_all(vm, vm->late, vm->n_late);
  return error ? stop(vm, error, 0) : DAMO_OK;
}

#endif
