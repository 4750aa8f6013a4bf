/* cvm.c - runs a program: a loop over instructions; what each does stands in cvm_opcodes.h. */
#include "cvm.h"

#include <string.h>

/* ---- Buffers of slots ---- */

/* A size class, so that a buffer goes back to where it came from. */
enum { SMALL = 7 << 13 };

static Pool *pool_for(Vm *vm, int64_t bytes) { return bytes <= SMALL ? &vm->pool : vm->heap; }

static void give_back(Vm *vm, Array *a) {
  if (!a->buffer) return;
  pool_give(pool_for(vm, a->capacity), a->buffer, a->capacity);
  vm->state->live--;
  vm->state->held -= (double)a->capacity;
  a->buffer = NULL;
  a->capacity = 0;
}

int own(Vm *vm, Array *a, int64_t bytes) {
  if (!a->buffer || a->capacity < bytes) {
    give_back(vm, a);
    a->buffer = pool_take(pool_for(vm, bytes), bytes, &a->capacity);
    if (!a->buffer) {
      a->capacity = 0;
      vm->context.error = (KernelError){DAMO_MEMORY, 0, bytes, 0};
      return DAMO_MEMORY;
    }
    vm->state->live++;
    vm->state->held += (double)a->capacity;
    if (vm->debug) memset(a->buffer, 0xff, (size_t)a->capacity);
  }
  a->data = a->buffer;
  return DAMO_OK;
}

static int own_all(Vm *vm, const Own *owns, int32_t n) {
  for (int32_t i = 0; i < n; i++) {
    int error = owns[i].array->capacity < owns[i].bytes ? own(vm, owns[i].array, owns[i].bytes) : DAMO_OK;
    if (error) return error;
  }
  return DAMO_OK;
}

static void release(Vm *vm, Array *a) {
  if (!a->buffer) return;
  give_back(vm, a);
  a->data = NULL;
}

void release_all(Vm *vm) {
  for (int32_t i = 0; i < vm->n_slots; i++) {
    Array *a = &vm->headers[i];
    if (vm->slot[i] != a) continue;
    give_back(vm, a);
    a->data = vm->home[i];
  }
  vm->pc = 0;
}

/* a looks where b does. */
static void bind(Array *a, const Array *b) {
  *a = *b;
  a->buffer = NULL;
  a->capacity = 0;
}

static void take_lengths(Array *a, const Array *b) {
  memcpy(a->shape, b->shape, sizeof a->shape);
  memcpy(a->strides, b->strides, sizeof a->strides);
}

/* The storage takes the value of the slot, and the slot keeps the old buffer for the next call. */
static void swap(Vm *vm, Array *storage, Array *a) {
  Array old = *storage;
  vm->state->held += (double)(old.capacity - a->capacity);
  *storage = *a;
  a->data = old.data;
  a->buffer = old.buffer;
  a->capacity = old.capacity;
}

/* ---- Thunks ---- */

static int64_t range_of(const Thunk *t) { return t->range >= 0 ? t->range : *(const int64_t *)t->extents->data; }

/* Outputs find their memory: a buffer of their own, or that of the input they overwrite. */
static inline int prepare(Vm *vm, const Thunk *t) {
  int error = own_all(vm, t->owns, t->n_owns);
  if (t->inplace_out) {
    t->inplace_out->data = t->inplace_in->data;
    if (t->takes_lengths) take_lengths(t->inplace_out, t->inplace_in);
  }
  return error;
}

static inline int run_thunk(Vm *vm, const Thunk *t) {
  int error = prepare(vm, t);
  return error ? error : t->kernel(&vm->context, t->args, 0, range_of(t));
}

typedef struct Split {
  Vm *vm;
  const Thunk *thunk;
  int64_t range;
  int parts;
} Split;

/* The length of a part: a multiple of the widest that changes none by more than an eighth, so that two threads rarely write to one line of a cache. */
static int64_t step_of(int64_t range, int parts) {
  int64_t even = (range + parts - 1) / parts, grain = 64;
  while (grain > 1 && even < 8 * grain) grain /= 2;
  return (even + grain - 1) / grain * grain;
}

static void run_part(void *data, int part) {
  const Split *split = data;
  Context *ctx = &split->vm->workers[part];
  int64_t step = step_of(split->range, split->parts), range = split->range, lo = part * step, hi = lo + step;
  if (lo > range) lo = range;
  if (hi > range) hi = range;
  int code = lo < hi ? split->thunk->kernel(ctx, split->thunk->args, lo, hi) : DAMO_OK;
  if (!code) ctx->error.code = DAMO_OK;
  else if (!ctx->error.code) ctx->error.code = code;
}

/* Parts depend on the number of threads only, and so do errors: the first part's wins. */
static int run_parallel(Vm *vm, const Thunk *t) {
  if (!vm->workers) return run_thunk(vm, t);
  int error = prepare(vm, t);
  if (error) return error;
  Split split = {vm, t, range_of(t), threads_count(vm->threads)};
  threads_run(vm->threads, run_part, &split);
  for (int part = 0; part < split.parts; part++) {
    if (!vm->workers[part].error.code) continue;
    vm->context.error = vm->workers[part].error;
    return vm->context.error.code;
  }
  return DAMO_OK;
}

/* ---- Loops ---- */

/* Puts every cursor at its row of step `t`. */
static void place(Loop *loop, int64_t t) {
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
static int grow(Vm *vm, Array *base, int64_t most) {
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
static int enter(Vm *vm, Loop *loop, int64_t *steps, int *more) {
  int error = loop->steps->data ? DAMO_OK : own(vm, loop->steps, sizeof(int64_t));
  if (error) return error;
  loop->n = *(const int64_t *)loop->count->data;
  *steps = *(int64_t *)loop->steps->data = 0;
  *more = loop->n > 0;
  if (*more) place(loop, 0);
  return DAMO_OK;
}

/* Sets *more if the loop has another step. */
static int step(Vm *vm, Loop *loop, int64_t *steps, int *more) {
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

static int interrupted(Vm *vm) {
  return atomic_load_explicit(&vm->state->interrupt, memory_order_relaxed) && atomic_exchange(&vm->state->interrupt, 0);
}

/* ---- The machine ---- */

/* All calls are done: their small outputs go to where TypeScript reads them without a call into C. */
static void deliver(const Vm *vm) {
  for (const Result *r = vm->results, *end = r + vm->n_results; r < end; r++) {
    void *to = r->number ? r->number : vm->room ? vm->room + r->at : NULL;
    if (to) memcpy(to, r->from->data, (size_t)r->bytes);
  }
}

/* A call is done; *more if another one begins. */
static int halt(Vm *vm, int *more) {
  State *state = vm->state;
  state->done++;
  *more = --state->left > 0;
  if (!*more) return deliver(vm), CVM_DONE;
  if (interrupted(vm)) return *more = 0, CVM_INTERRUPTED;
  return own_all(vm, vm->late, vm->n_late);
}

/*
** Runs from vm->pc until a status. Written once, compiled twice: `metered`
** stops after `fuel` instructions (none if negative) and notes every pc.
*/
static inline __attribute__((always_inline)) int interpret(Vm *vm, const int metered, int64_t fuel) {
  State *state = vm->state;
  Array **slot = vm->slot;
  int32_t *flag = vm->flags, pc = vm->pc;
  int status, more;
  for (;;) {
    if (metered) {
      state->at = pc;
      if (fuel-- == 0) { status = CVM_STOPPED; goto pause; }
    }
    const Instruction i = vm->code[pc++];
    switch (i.op) {
      case OP_HALT:          status = halt(vm, &more), pc = 0;
                             if (status > 0) goto stop;
                             if (!more) goto pause;
                             break;
      case OP_CALL:          status = run_thunk(vm, &vm->thunks[i.a]);
                             if (status) goto stop;
                             break;
      case OP_CALL_PARALLEL: status = run_parallel(vm, &vm->thunks[i.a]);
                             if (status) goto stop;
                             break;
      case OP_HOST:          status = prepare(vm, &vm->thunks[i.a]);
                             if (status) goto stop;
                             state->thunk = i.a, status = CVM_HOST;
                             goto pause;
      case OP_BIND:          bind(slot[i.a], slot[i.b]); break;
      case OP_FREE:          release(vm, slot[i.a]); break;
      case OP_SWAP:          swap(vm, slot[i.a], slot[i.b]); break;
      case OP_CLEAR:         memset(flag + i.a, 0, (size_t)i.b * sizeof *flag); break;
      case OP_JUMP:          pc = i.b; break;
      case OP_JUMP_UNLESS:   if (!*(const uint8_t *)slot[i.a]->data) pc = i.b;
                             break;
      case OP_GOSUB:         if (!flag[i.a]) flag[i.a] = pc, pc = i.b;
                             break;
      case OP_RET:           pc = flag[i.a]; break;
      case OP_ENTER:         status = enter(vm, &vm->loops[i.a], &state->steps[i.a], &more);
                             if (status) goto stop;
                             if (!more) pc = i.b;
                             break;
      case OP_STEP:          status = pc <= vm->commit && interrupted(vm) ? CVM_INTERRUPTED : step(vm, &vm->loops[i.a], &state->steps[i.a], &more);
                             if (status) goto stop;
                             if (more) pc = i.b;
                             break;
    }
  }
stop:
  state->at = pc ? pc - 1 : 0;
  state->error = vm->context.error;
  state->error.code = status;
  release_all(vm);
  return status;
pause:
  if (metered) state->fuel = (int32_t)fuel;
  vm->pc = pc;
  return status;
}

static int run_fast(Vm *vm, int64_t fuel) { return interpret(vm, 0, fuel); }
static __attribute__((noinline)) int run_metered(Vm *vm, int64_t fuel) { return interpret(vm, 1, fuel); }

/* calls > 0 begins; 0 goes on behind HOST or STOPPED. */
static inline int begin(Vm *vm, int32_t calls, char *room) {
  vm->room = room;
  if (calls == 0) return DAMO_OK;
  vm->pc = 0;
  vm->state->done = 0;
  vm->state->left = calls;
  int error = own_all(vm, vm->late, vm->n_late);
  if (!error) return DAMO_OK;
  vm->state->error = vm->context.error;
  vm->state->at = 0;
  release_all(vm);
  return error;
}

/*
** Runs the program `calls` times, or goes on (0). Returns CVM_DONE, another
** CVM_ status, or the code of the kernel that failed. Small outputs of the
** last call are left in `room`, `at` bytes from its start, unless it is NULL.
*/
EXPORT int32_t cvm_run(Vm *vm, int32_t calls, char *room, int32_t at) {
  int error = begin(vm, calls, room ? room + at : NULL);
  return error ? error : run_fast(vm, -1);
}

/*
** The same for at most `fuel` instructions (any number if negative); what is
** left at a pause is in state.fuel. Under cvm_debug a crash is a status.
*/
EXPORT int32_t cvm_step(Vm *vm, int32_t calls, int32_t fuel) {
  int status = begin(vm, calls, NULL);
  if (status) return status;
  if (!vm->debug) return run_metered(vm, fuel);
  status = guarded(run_metered, vm, fuel);
  if (status != CVM_CRASHED) return status;
  vm->state->error = vm->context.error;
  release_all(vm);
  return status;
}
