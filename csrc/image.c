/*
** image.c - makes a VM of what src/run/image.ts wrote, and opens it to
** TypeScript: headers, state, inputs, storages.
**
** An image is a sequence of int64 words: the counts, the bytes of each buffer
** of the arena, then slots, thunks, loops, code, late outputs and results, each
** as its reader below takes it.
*/
#include "steps.h"


/* ---- Contexts ---- */

static int reserve_scratch(Context *ctx, int64_t bytes) {
  if (bytes <= ctx->scratch_bytes) return DAMO_OK;
  free(ctx->scratch);
  ctx->scratch = platform_allocate((size_t)bytes);
  ctx->scratch_bytes = ctx->scratch ? bytes : 0;
  if (ctx->scratch) return DAMO_OK;
  ctx->error = (KernelError){DAMO_MEMORY, 0, bytes, 0};
  return DAMO_MEMORY;
}

static int reserve(Context *ctx, Array *a, int64_t bytes) { return own((Vm *)ctx, a, bytes); }

/* Part of a split range: the outputs have their buffers already. */
static int reserve_nothing(Context *ctx, Array *a, int64_t bytes) {
  (void)a;
  ctx->error = (KernelError){DAMO_MEMORY, 0, bytes, 0};
  return DAMO_MEMORY;
}

static Context context_over(const Blas *blas, int (*reserve_for)(Context *, Array *, int64_t)) {
  return (Context){.blas = blas, .reserve_scratch = reserve_scratch, .reserve = reserve_for};
}

/* ---- Reading an image ---- */

enum {
  N_SLOTS, N_ARGS, N_OWNS, N_THUNKS, N_LOOPS, N_CURSORS, N_FLAGS, N_CODE, N_ARENA, N_LATE, N_RESULTS, N_NUMBERS, HOME_BYTES,
  COMMIT, LINKED,
  N_COUNTS
};

/* Where the reader is, and the arrays that it fills one after the other. */
typedef struct Reader {
  const int64_t *word;
  char *home;
  Array **args;
  Own *owns;
  Cursor *cursors;
} Reader;

/* The next piece of a block, or of nothing: then *size becomes the size of the block. */
static void *carve(char *block, int64_t *size, int64_t bytes) {
  int64_t at = *size;
  *size += (bytes + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
  return block ? block + at : NULL;
}

/* storage (or 0), dtype, ndim, offset of its home (or -1), buffer of the arena (or -1), lengths, strides */
static void read_slot(Vm *vm, Reader *in, int32_t i) {
  Array *a = &vm->headers[i];
  void *storage;
  memcpy(&storage, in->word, sizeof storage);
  vm->slot[i] = storage ? storage : a;
  a->dtype = (int32_t)in->word[1];
  a->ndim = (int32_t)in->word[2];
  a->data = vm->home[i] = in->word[3] >= 0 ? in->home + in->word[3] : in->word[4] >= 0 ? vm->arena[in->word[4]] : NULL;
  in->word += 5;
  for (int32_t axis = 0; axis < a->ndim; axis++) a->shape[axis] = *in->word++;
  for (int32_t axis = 0; axis < a->ndim; axis++) a->strides[axis] = *in->word++;
}

/* n, then a slot and its bytes n times */
static const Own *read_owns(Vm *vm, Reader *in, int32_t *n) {
  Own *owns = in->owns;
  *n = (int32_t)*in->word++;
  for (int32_t i = 0; i < *n; i++, in->word += 2) *in->owns++ = (Own){vm->slot[in->word[0]], in->word[1]};
  return owns;
}

/*
** address of the kernel (0: HOST; -1 - i: builtin i), n, n argument slots,
** slot of the extents (or -1), range, slots of an output in place and of the
** input it overwrites (or -1), whether it takes that one's lengths, owns
*/
static void read_thunk(Vm *vm, Reader *in, Thunk *t) {
  const int64_t *word = in->word;
  if (word[0] < 0) t->kernel = builtins[-1 - word[0]];
  else memcpy(&t->kernel, word, sizeof t->kernel);
  t->args = in->args;
  int64_t n = word[1];
  word += 2;
  for (int64_t i = 0; i < n; i++) *in->args++ = vm->slot[*word++];
  t->extents = word[0] < 0 ? NULL : vm->slot[word[0]];
  t->range = word[1];
  t->inplace_out = word[2] < 0 ? NULL : vm->slot[word[2]];
  t->inplace_in = word[3] < 0 ? NULL : vm->slot[word[3]];
  t->takes_lengths = (int32_t)word[4];
  in->word = word + 5;
  t->owns = read_owns(vm, in, &t->n_owns);
}

/* slots of the count, the steps, the stop (or -1); n, then n cursors: slot, base, start, ring, stride, write */
static void read_loop(Vm *vm, Reader *in, Loop *loop) {
  const int64_t *word = in->word;
  loop->count = vm->slot[word[0]];
  loop->steps = vm->slot[word[1]];
  loop->stop = word[2] < 0 ? NULL : vm->slot[word[2]];
  loop->n_cursors = (int32_t)word[3];
  loop->cursors = in->cursors;
  word += 4;
  for (int32_t i = 0; i < loop->n_cursors; i++, word += 6) {
    *in->cursors++ = (Cursor){
      .array = vm->slot[word[0]], .base = vm->slot[word[1]], .start = word[2], .ring = word[3],
      .stride = (int32_t)word[4], .write = (int32_t)word[5]};
  }
  in->word = word;
}

/* slot, bytes, the number it is (or -1), where it goes in the room */
static void read_result(Vm *vm, Reader *in, int64_t *numbers, Result *r) {
  const int64_t *word = in->word;
  *r = (Result){vm->slot[word[0]], word[1], word[2] < 0 ? NULL : numbers + word[2], word[3]};
  in->word += 4;
}

/* Lays the parts of a VM out in one block; measures only if block is NULL. */
static int64_t lay_out(char *block, const int64_t *n, Vm *vm, Reader *in, Instruction **code, Result **results) {
  int64_t size = 0;
  carve(block, &size, sizeof(Vm));
  in->home = carve(block, &size, n[HOME_BYTES]);
  vm->state = carve(block, &size, (int64_t)sizeof(State) + 8 * (n[N_LOOPS] + n[N_NUMBERS]) + 4 * n[N_FLAGS]);
  vm->headers = carve(block, &size, n[N_SLOTS] * (int64_t)sizeof(Array));
  vm->slot = carve(block, &size, n[N_SLOTS] * (int64_t)sizeof(Array *));
  vm->home = carve(block, &size, n[N_SLOTS] * (int64_t)sizeof(void *));
  vm->thunks = carve(block, &size, n[N_THUNKS] * (int64_t)sizeof(Thunk));
  vm->loops = carve(block, &size, n[N_LOOPS] * (int64_t)sizeof(Loop));
  vm->arena = carve(block, &size, n[N_ARENA] * (int64_t)sizeof(void *));
  vm->arena_capacity = carve(block, &size, n[N_ARENA] * (int64_t)sizeof(int64_t));
  in->args = carve(block, &size, n[N_ARGS] * (int64_t)sizeof(Array *));
  in->owns = carve(block, &size, n[N_OWNS] * (int64_t)sizeof(Own));
  in->cursors = carve(block, &size, n[N_CURSORS] * (int64_t)sizeof(Cursor));
  *code = carve(block, &size, n[N_CODE] * (int64_t)sizeof(Instruction));
  *results = carve(block, &size, n[N_RESULTS] * (int64_t)sizeof(Result));
  return size;
}

/*
** A VM for the program of an image; `home` has the first contents of constants
** and small inputs. threads and blas may be NULL. NULL if there is no memory.
*/
EXPORT Vm *cvm_new(const int64_t *image, const void *home, Pool *heap, Threads *threads, const Blas *blas) {
  const int64_t *n = image;
  Vm parts = {0};
  Reader in = {0};
  Instruction *code;
  Result *results;
  size_t size = (size_t)lay_out(NULL, n, &parts, &in, &code, &results);
  char *block = platform_allocate(size);
  if (!block) return NULL;
  memset(block, 0, size);
  lay_out(block, n, &parts, &in, &code, &results);
  Vm *vm = (Vm *)block;
  *vm = parts;
  vm->context = context_over(blas, reserve);
  int64_t *numbers = vm->state->steps + n[N_LOOPS];
  vm->flags = (int32_t *)(numbers + n[N_NUMBERS]);
  vm->heap = heap;
  vm->threads = threads;
  vm->commit = (int32_t)n[COMMIT];
  vm->library = &library;
  memcpy(&vm->linked, &n[LINKED], sizeof vm->linked);
  pool_init(&vm->pool, INT64_MAX, 0);
  if (n[HOME_BYTES]) memcpy(in.home, home, (size_t)n[HOME_BYTES]);

  in.word = image + N_COUNTS;
  for (; vm->n_arena < n[N_ARENA]; vm->n_arena++) {
    int32_t i = vm->n_arena;
    vm->arena[i] = pool_take(heap, *in.word++, &vm->arena_capacity[i]);
    if (!vm->arena[i]) return cvm_free(vm), NULL;
  }
  for (; vm->n_slots < n[N_SLOTS]; vm->n_slots++) read_slot(vm, &in, vm->n_slots);
  for (int64_t i = 0; i < n[N_THUNKS]; i++) read_thunk(vm, &in, &vm->thunks[i]);
  for (int64_t i = 0; i < n[N_LOOPS]; i++) read_loop(vm, &in, &vm->loops[i]);
  for (int64_t i = 0; i < n[N_CODE]; i++, in.word += 3) {
    code[i] = (Instruction){(int32_t)in.word[0], (int32_t)in.word[1], (int32_t)in.word[2]};
  }
  vm->code = code;
  vm->late = read_owns(vm, &in, &vm->n_late);
  for (; vm->n_results < n[N_RESULTS]; vm->n_results++) read_result(vm, &in, numbers, &results[vm->n_results]);
  vm->results = results;

  if (!threads) return vm;
  int count = library.threads_count(threads);
  vm->workers = calloc((size_t)count, sizeof(Context));
  if (!vm->workers) return cvm_free(vm), NULL;
  for (int i = 0; i < count; i++) vm->workers[i] = context_over(blas, reserve_nothing);
  return vm;
}

/* Returns the number of buffers that no slot gave back: 0. */
EXPORT int32_t cvm_free(Vm *vm) {
  release_all(vm);
  int32_t live = vm->state->live;
  for (int32_t i = 0; i < vm->n_arena; i++) pool_give(vm->heap, vm->arena[i], vm->arena_capacity[i]);
  pool_clear(&vm->pool);
  free(vm->context.scratch);
  for (int i = 0; vm->workers && i < vm->library->threads_count(vm->threads); i++) free(vm->workers[i].scratch);
  free(vm->workers);
  free(vm);
  return live;
}

/* ---- Between runs ---- */

/* One Array for each slot; a shared slot's is its storage instead. */
EXPORT Array *cvm_headers(Vm *vm) { return vm->headers; }

EXPORT State *cvm_state(Vm *vm) { return vm->state; }

/* Gives back what every slot owns; a paused call is given up. */
EXPORT void cvm_release(Vm *vm) { release_all(vm); }

/* Fresh buffers are filled with 0xff, and cvm_step turns a crash into a status. */
EXPORT void cvm_debug(Vm *vm, int32_t on) { vm->debug = on; }

/* An input looks at memory of the caller, or at its home again (NULL). */
EXPORT void cvm_lend(Vm *vm, int32_t slot, void *data, double offset) {
  vm->headers[slot].data = data ? (char *)data + (int64_t)offset : vm->home[slot];
}

/* A buffer for the lengths that the header of a slot says. */
EXPORT int32_t cvm_reserve(Vm *vm, int32_t slot) {
  Array *a = vm->slot[slot];
  return own(vm, a, count_elements(a) * size_of_dtype(a->dtype));
}

/* Row-major copies out of and into an array. */
EXPORT void cvm_read(const Array *from, void *to) {
  Array rows = *from;
  rows.data = to;
  row_major(rows.ndim, rows.shape, rows.strides);
  copy_elements(&rows, from->data, from->strides);
}

EXPORT void cvm_write(Array *to, const void *from) {
  int64_t strides[DAMO_MAX_NDIM];
  row_major(to->ndim, to->shape, strides);
  copy_elements(to, from, strides);
}

/* ---- Storages and the heap they share with VMs ---- */

/* A pool that keeps at most `limit` bytes of free buffers. */
EXPORT Pool *cvm_heap_new(double limit) {
  Pool *heap = malloc(sizeof *heap);
  if (heap) pool_init(heap, (int64_t)limit, 1);
  return heap;
}

EXPORT void cvm_heap_free(Pool *heap) {
  pool_clear(heap);
  free(heap);
}

/* An array without a value. */
EXPORT Array *cvm_storage_new(int32_t dtype, int32_t ndim) {
  Array *storage = calloc(1, sizeof *storage);
  if (storage) storage->dtype = dtype, storage->ndim = ndim;
  return storage;
}

EXPORT void cvm_storage_free(Array *storage, Pool *heap) {
  if (storage->buffer) pool_give(heap, storage->buffer, storage->capacity);
  free(storage);
}

/* Takes the row-major value in `from`: `layout` has its lengths, then the strides that it gets. DAMO_MEMORY leaves the old one. */
EXPORT int32_t cvm_storage_write(Array *storage, Pool *heap, const int64_t *layout, const void *from) {
  Array next = *storage;
  int64_t last = 0;
  for (int32_t axis = 0; axis < next.ndim; axis++) {
    next.shape[axis] = layout[axis];
    next.strides[axis] = layout[next.ndim + axis];
    last += (next.shape[axis] - 1) * next.strides[axis];
  }
  int64_t bytes = count_elements(&next) == 0 ? 0 : (last + 1) * size_of_dtype(next.dtype);
  if (!next.buffer || next.capacity < bytes) {
    next.buffer = pool_take(heap, bytes, &next.capacity);
    if (!next.buffer) return DAMO_MEMORY;
    if (storage->buffer) pool_give(heap, storage->buffer, storage->capacity);
  }
  next.data = next.buffer;
  *storage = next;
  cvm_write(storage, from);
  return DAMO_OK;
}
