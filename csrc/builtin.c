/*
** builtin.c - kernels that libcvm has itself: views, copies, lengths, and the
** rows of loops. They alone read and write headers.
**
** A builtin gets the number of its inputs as `hi`: its output is args[hi] and
** its table args[hi + 1] (args[hi] where it has no output). The words of each
** table stand above its function; src/lower/emit/builtins.ts writes them. A length
** takes two words: (-1, n) is n, (k, -1) the integer scalar args[k], (k, axis)
** the length of an axis of args[k].
*/
#include "cvm.h"

#include <string.h>

int64_t count_elements(const Array *a) {
  int64_t n = 1;
  for (int32_t axis = 0; axis < a->ndim; axis++) n *= a->shape[axis];
  return n;
}

void row_major(int32_t ndim, const int64_t *shape, int64_t *strides) {
  int64_t step = 1;
  for (int32_t axis = ndim - 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= shape[axis];
  }
}

/* True if these strides are row-major; axes of length 1 do not matter. */
static int is_row_major(int32_t ndim, const int64_t *shape, const int64_t *strides) {
  int64_t step = 1;
  for (int32_t axis = ndim - 1; axis >= 0; axis--) {
    if (shape[axis] != 1 && strides[axis] != step) return 0;
    step *= shape[axis];
  }
  return 1;
}

#define COPY_LINE(T)                                                                       \
  do {                                                                                     \
    T *x = (T *)to;                                                                        \
    const T *y = (const T *)from;                                                          \
    if (to_step == 1 && from_step == 1) memcpy(x, y, (size_t)n * sizeof(T));               \
    else for (int64_t i = 0; i < n; i++) x[i * to_step] = y[i * from_step];                \
  } while (0)

static void copy_line(int64_t size, int64_t n, char *to, int64_t to_step, const char *from, int64_t from_step) {
  switch (size) {
    case 1: COPY_LINE(uint8_t); break;
    case 2: COPY_LINE(uint16_t); break;
    case 4: COPY_LINE(uint32_t); break;
    default: COPY_LINE(uint64_t);
  }
}

void copy_elements(const Array *out, const void *data, const int64_t *from_strides) {
  int64_t size = size_of_dtype(out->dtype), total = count_elements(out), index[DAMO_MAX_NDIM] = {0};
  const int64_t *shape = out->shape, *strides = out->strides;
  int32_t last = out->ndim - 1;
  char *to = out->data;
  const char *from = data;
  if (total == 0) return;
  if (is_row_major(out->ndim, shape, strides) && is_row_major(out->ndim, shape, from_strides)) {
    memcpy(to, from, (size_t)(total * size));
    return;
  }
  for (;;) {
    copy_line(size, shape[last], to, strides[last], from, from_strides[last]);
    int32_t axis = last - 1;
    for (; axis >= 0; axis--) {
      to += strides[axis] * size, from += from_strides[axis] * size;
      if (++index[axis] < shape[axis]) break;
      to -= strides[axis] * shape[axis] * size, from -= from_strides[axis] * shape[axis] * size;
      index[axis] = 0;
    }
    if (axis < 0) return;
  }
}

static int refuse(Context *ctx, int code, int32_t axis, int64_t index, int64_t length) {
  ctx->error = (KernelError){code, axis, index, length};
  return code;
}

static int64_t scalar(const Array *a) {
  switch (a->dtype) {
    case DAMO_INT8: return *(const int8_t *)a->data;
    case DAMO_INT16: return *(const int16_t *)a->data;
    case DAMO_INT32: return *(const int32_t *)a->data;
    case DAMO_UINT16: return *(const uint16_t *)a->data;
    case DAMO_UINT32: return *(const uint32_t *)a->data;
    case DAMO_INT64: case DAMO_UINT64: return *(const int64_t *)a->data;
    default: return *(const uint8_t *)a->data;
  }
}

/* What two words of a table say. */
static int64_t length_of(Array *const *args, const int64_t *words) {
  if (words[0] < 0) return words[1];
  return words[1] < 0 ? scalar(args[words[0]]) : args[words[0]]->shape[words[1]];
}

/* Gives out these lengths in row-major order, and a buffer. */
static int reserve_lengths(Context *ctx, Array *out) {
  int64_t bytes = size_of_dtype(out->dtype);
  for (int32_t axis = 0; axis < out->ndim; axis++) {
    int64_t n = out->shape[axis];
    if (n < 0) return refuse(ctx, DAMO_VALUE, axis, n, 0);
    if (__builtin_mul_overflow(bytes, n, &bytes)) return refuse(ctx, DAMO_MEMORY, axis, INT64_MAX, 0);
  }
  row_major(out->ndim, out->shape, out->strides);
  return ctx->reserve(ctx, out, bytes);
}

/*
** view: args[0] is the operand. Table: 0 for a reshape or 1 for an affine map,
** a length for each axis of out; if affine, for each axis of the operand its
** start (a length), its step, the axis of out that follows it (or -1), and
** whether the start is checked.
*/
static int view_kernel(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  const Array *x = args[0];
  Array *out = args[hi];
  const int64_t *table = args[hi + 1]->data, *axes = table + 1 + 2 * out->ndim;
  (void)lo;
  for (int32_t axis = 0; axis < out->ndim; axis++) out->shape[axis] = length_of(args, table + 1 + 2 * axis);
  if (table[0] == 0) {
    int64_t n = count_elements(out), expected = count_elements(x);
    if (n != expected) return refuse(ctx, DAMO_SHAPE, 0, n, expected);
    row_major(out->ndim, out->shape, out->strides);
    out->data = x->data;
    return DAMO_OK;
  }
  int64_t offset = 0;
  memset(out->strides, 0, sizeof out->strides);
  for (int32_t axis = 0; axis < x->ndim; axis++, axes += 5) {
    int64_t given = length_of(args, axes), n = x->shape[axis], step = axes[2], start = given < 0 ? given + n : given;
    if (axes[4] && (start < 0 || start >= n)) return refuse(ctx, DAMO_INDEX, axis, given, n);
    int64_t low = step < 0 ? -1 : 0, high = step < 0 ? n - 1 : n;
    start = start < low ? low : start > high ? high : start;
    offset += start * x->strides[axis];
    if (axes[3] >= 0) out->strides[axes[3]] += step * x->strides[axis];
  }
  out->data = count_elements(out) == 0 ? x->data : (char *)x->data + offset * size_of_dtype(x->dtype);
  return DAMO_OK;
}

/* copy: args[0] in any strides. Table: 1 if out takes its lengths and a buffer for them, else 0. */
static int copy_kernel(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  const Array *x = args[0];
  Array *out = args[hi];
  (void)lo;
  if (*(const int64_t *)args[hi + 1]->data) {
    memcpy(out->shape, x->shape, sizeof out->shape);
    int error = reserve_lengths(ctx, out);
    if (error) return error;
  }
  copy_elements(out, x->data, x->strides);
  return DAMO_OK;
}

/* length: Table: the axis of args[0]. */
static int length_kernel(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  (void)ctx, (void)lo;
  *(int64_t *)args[hi]->data = args[0]->shape[*(const int64_t *)args[hi + 1]->data];
  return DAMO_OK;
}

/*
** extents: Table: the number of entries, then four words each: 0 - n - is n;
** 1 k from to, the product of the lengths of axes from .. to-1 of args[k];
** 2 k axis -, the stride of an axis of args[k].
*/
static int extents_kernel(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  const int64_t *entry = args[hi + 1]->data, n = *entry++;
  int64_t *out = args[hi]->data;
  (void)ctx, (void)lo;
  for (int64_t i = 0; i < n; i++, entry += 4) {
    const Array *x = entry[0] == 0 ? NULL : args[entry[1]];
    int64_t value = entry[0] == 1 ? 1 : entry[0] == 2 ? x->strides[entry[2]] : entry[2];
    if (entry[0] == 1) for (int64_t axis = entry[2]; axis < entry[3]; axis++) value *= x->shape[axis];
    out[i] = value;
  }
  return DAMO_OK;
}

/* reserve: Table: a length for each axis of out. */
static int reserve_kernel(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  Array *out = args[hi];
  const int64_t *table = args[hi + 1]->data;
  (void)lo;
  for (int32_t axis = 0; axis < out->ndim; axis++) out->shape[axis] = length_of(args, table + 2 * axis);
  return reserve_lengths(ctx, out);
}

/* guard: args[0] is an integer scalar. Table: the value it must have, a number that says which guard this is. */
static int guard_kernel(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  const int64_t *table = args[hi]->data, value = scalar(args[0]);
  (void)lo;
  return value == table[0] ? DAMO_OK : refuse(ctx, DAMO_GUARD, (int32_t)table[1], value, table[0]);
}

/* same: Table: two lengths that must be equal, the axis to name if they are not. */
static int same_kernel(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  const int64_t *table = args[hi]->data, x = length_of(args, table), y = length_of(args, table + 2);
  (void)lo;
  return x == y ? DAMO_OK : refuse(ctx, DAMO_SHAPE, (int32_t)table[4], x, y);
}

/* count: Table: 1 if args[0] is nSteps, the number of sequences (they follow), the rows that the taps of each use up. */
static int count_kernel(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  const int64_t *table = args[hi + 1]->data, given = table[0], n = table[1], *lost = table + 2;
  int64_t steps = given ? scalar(args[0]) : INT64_MAX;
  (void)lo;
  if (steps < 0) return refuse(ctx, DAMO_VALUE, 0, steps, 0);
  for (int64_t i = 0; i < n; i++) {
    int64_t rows = args[given + i]->shape[0] - lost[i];
    if (rows < 0) rows = 0;
    if (given && rows < steps) return refuse(ctx, DAMO_SHAPE, (int32_t)i, steps, rows);
    if (rows < steps) steps = rows;
  }
  *(int64_t *)args[hi]->data = steps;
  return DAMO_OK;
}

/*
** stack: args[0] is what count gave. Table: lag, rows of the ring (0: all are
** kept), whether the loop may stop early, which argument is the initial value
** (or -1), a length for each axis of a row. An early stop makes one row at
** first, or as many as the slot's buffer holds: STEP doubles them.
*/
static int stack_kernel(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  Array *out = args[hi];
  const int64_t *table = args[hi + 1]->data, lag = table[0], ring = table[1], steps = *(const int64_t *)args[0]->data;
  const Array *initial = table[3] < 0 ? NULL : args[table[3]];
  (void)lo;
  out->shape[0] = ring ? ring : lag + (table[2] && steps > 1 ? 1 : steps);
  for (int32_t axis = 1; axis < out->ndim; axis++) {
    out->shape[axis] = length_of(args, table + 2 + 2 * axis);
    if (initial && initial->shape[axis] != out->shape[axis]) return refuse(ctx, DAMO_SHAPE, axis, initial->shape[axis], out->shape[axis]);
  }
  if (initial && initial->shape[0] < lag) return refuse(ctx, DAMO_SHAPE, 0, initial->shape[0], lag);
  int error = reserve_lengths(ctx, out);
  if (error) return error;
  int64_t row_bytes = out->strides[0] * size_of_dtype(out->dtype);
  if (table[2] && !ring && row_bytes > 0) {
    int64_t room = out->capacity / row_bytes;
    out->shape[0] = room < lag + steps ? room : lag + steps;
  }
  if (!initial) return DAMO_OK;
  Array head = *out;
  head.shape[0] = lag;
  copy_elements(&head, initial->data, initial->strides);
  return DAMO_OK;
}

/* out looks at one row of x, or at the rows from there on. */
static void look_at_rows(Array *out, const Array *x, int64_t row) {
  int32_t skipped = x->ndim - out->ndim;
  memcpy(out->shape, x->shape + skipped, (size_t)out->ndim * sizeof *out->shape);
  memcpy(out->strides, x->strides + skipped, (size_t)out->ndim * sizeof *out->strides);
  out->data = (char *)x->data + row * x->strides[0] * size_of_dtype(x->dtype);
}

/* prefix: args[0] is a stack, args[1] the steps done. Table: lag. */
static int prefix_kernel(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  (void)ctx, (void)lo;
  look_at_rows(args[hi], args[0], *(const int64_t *)args[hi + 1]->data);
  args[hi]->shape[0] = *(const int64_t *)args[1]->data;
  return DAMO_OK;
}

/* last: args[0] is a ring or a stack, args[1] the steps done. Table: lag, rows of the ring (0: a stack). */
static int last_kernel(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  const int64_t *table = args[hi + 1]->data, row = *(const int64_t *)args[1]->data + table[0] - 1;
  (void)lo;
  if (row < 0) return refuse(ctx, DAMO_INDEX, 0, -1, 0);
  look_at_rows(args[hi], args[0], table[1] ? row % table[1] : row);
  return DAMO_OK;
}

const Kernel builtins[] = {
  view_kernel,
  copy_kernel,
  length_kernel,
  extents_kernel,
  reserve_kernel,
  guard_kernel,
  same_kernel,
  count_kernel,
  stack_kernel,
  prefix_kernel,
  last_kernel,
};
