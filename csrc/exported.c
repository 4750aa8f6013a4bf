/* exported.c - calls of an exported function: one thread, no runtime but these few files. */
#include "exported.h"

#include <stdio.h>

/* Nobody splits ranges here. */
const Library library = {pool_take, pool_give, NULL, NULL, builtins};

/* ---- Shared variables ---- */

int model_write(Model *model, int32_t i, const int64_t *shape, const void *from) {
  Array *storage = &model->shared[i];
  const Port *port = &model->exported->shared[i];
  int64_t layout[2 * DAMO_MAX_NDIM], *strides = layout + storage->ndim;
  memcpy(layout, shape, (size_t)storage->ndim * sizeof *shape);
  if (port->strides) memcpy(strides, port->strides, (size_t)storage->ndim * sizeof *strides);
  else row_major(storage->ndim, shape, strides);
  int error = cvm_storage_write(storage, model->heap, layout, from);
  if (error) snprintf(model->message, sizeof model->message, "Cannot set %s: no memory", port->name);
  return error;
}

/* An update may have given it other lengths or another layout than the program is for. */
static int fits(const Array *a, const Port *port) {
  int64_t step = 1;
  for (int32_t axis = a->ndim - 1; axis >= 0; axis--) {
    if (port->shape[axis] >= 0 && port->shape[axis] != a->shape[axis]) return 0;
    if (a->shape[axis] != 1 && a->strides[axis] != (port->strides ? port->strides[axis] : step)) return 0;
    step *= a->shape[axis];
  }
  return 1;
}

/* ---- Making and freeing ---- */

static Vm *make_vm(Model *model) {
  const Exported *e = model->exported;
  int64_t *image = malloc((size_t)e->words * sizeof *image);
  if (!image) return NULL;
  memcpy(image, e->image, (size_t)e->words * sizeof *image);
  for (int32_t i = 0; i < e->n_shared; i++) {
    Array *storage = &model->shared[i];
    memcpy(&image[e->shared[i].word], &storage, sizeof storage);
    storage->dtype = (int32_t)image[e->shared[i].word + 1];
    storage->ndim = (int32_t)image[e->shared[i].word + 2];
  }
  Vm *vm = cvm_new(image, e->home, model->heap, NULL, e->blas);
  free(image);
  if (vm) vm->linked = e->run;
  return vm;
}

Model *model_new(const Exported *exported) {
  Model *model = calloc(1, sizeof *model);
  if (!model) return NULL;
  model->exported = exported;
  model->heap = cvm_heap_new(0);
  model->shared = calloc((size_t)exported->n_shared + 1, sizeof *model->shared);
  if (model->heap && model->shared) model->vm = make_vm(model);
  int error = model->vm ? DAMO_OK : DAMO_MEMORY;
  for (int32_t i = 0; i < exported->n_shared && !error; i++) {
    error = model_write(model, i, exported->shared[i].lengths, exported->shared[i].value);
  }
  return error ? model_free(model), NULL : model;
}

void model_free(Model *model) {
  if (!model) return;
  if (model->vm) cvm_free(model->vm);
  for (int32_t i = 0; model->shared && i < model->exported->n_shared; i++) {
    if (model->shared[i].buffer) pool_give(model->heap, model->shared[i].buffer, model->shared[i].capacity);
  }
  if (model->heap) cvm_heap_free(model->heap);
  free(model->shared);
  free(model);
}

/* ---- Calls ---- */

void model_input(Model *model, int32_t i, const void *data, const int64_t *shape) {
  Array *a = &model->vm->headers[model->exported->inputs[i].slot];
  memcpy(a->shape, shape, (size_t)a->ndim * sizeof *shape);
  row_major(a->ndim, a->shape, a->strides);
  a->data = (void *)data;
}

/* Why a matrix is refused, in the words of src/ops/linalg/refusal.ts; the number is the error's index, and 1 more where that counts rows. */
static const char *const REASONS[] = {
  "it is not positive definite: its leading block of %lld rows is not; add a multiple of the identity, or ask for onError \"nan\"",
  "it is singular: nothing is left of column %lld; use pinv or lstsq",
  "the iteration did not converge (%lld)",
  "its eigenvalue %lld is complex, and there are no complex numbers; of a symmetric matrix use eigh",
  "an element is NaN or infinite"
};

static int describe_matrix(char *to, size_t room, const char *op, const KernelError *e) {
  char why[160];
  snprintf(why, sizeof why, REASONS[e->axis], (long long)e->index + (e->axis == 0));
  return snprintf(to, room, "Cannot apply %s to matrix %lld: %s", op, (long long)e->length, why);
}

/* The same words as src/run/errors.ts. */
static void describe(Model *model, int code) {
  const State *state = model->vm->state;
  const Site *site = &model->exported->sites[state->at];
  const char *op = site->op ? site->op : "the program";
  long long index = state->error.index, length = state->error.length;
  char *to = model->message;
  size_t room = sizeof model->message;
  if (code == DAMO_SHAPE && !site->op) {
    snprintf(to, room, "%s", site->where);
    return;
  }
  int n = code == DAMO_INDEX ? snprintf(to, room, "Cannot apply %s: index %lld is out of range for axis %d of length %lld", op, index, state->error.axis, length)
    : code == DAMO_SHAPE ? snprintf(to, room, "Cannot apply %s: axis %d has lengths %lld and %lld", op, state->error.axis, index, length)
    : code == DAMO_MEMORY ? snprintf(to, room, "Cannot apply %s: no memory for %lld bytes", op, index)
    : code == DAMO_GUARD ? snprintf(to, room, "Cannot apply %s: a length is %lld, the function was exported for %lld", op, index, length)
    : code == DAMO_LINALG ? describe_matrix(to, room, op, &state->error)
    : code == DAMO_ASSERT ? snprintf(to, room, "Cannot pass an assertion: %s", site->says ? site->says : op)
    : snprintf(to, room, "Cannot apply %s: value %lld is outside of its domain", op, index);
  if (site->where && n > 0 && (size_t)n < room) snprintf(to + n, room - (size_t)n, "\n  %s at %s", op, site->where);
}

int model_refuse(Model *model, const char *name, int64_t length, int64_t other) {
  snprintf(model->message, sizeof model->message, "Cannot call the function: length %s is %lld and %lld", name, (long long)length, (long long)other);
  return DAMO_SHAPE;
}

int model_call(Model *model) {
  const Exported *e = model->exported;
  for (int32_t i = 0; i < e->n_shared; i++) {
    if (fits(&model->shared[i], &e->shared[i])) continue;
    snprintf(model->message, sizeof model->message, "Cannot call the function: %s has other lengths than it was exported for", e->shared[i].name);
    return DAMO_SHAPE;
  }
  int status = begin(model->vm, 1, NULL);
  if (!status) status = model->vm->linked(model->vm);
  if (status) describe(model, status);
  return status;
}

/* ---- Values ---- */

void model_read(const Model *model, int32_t slot, void *to) {
  if (model->vm->slot[slot]->data) cvm_read(model->vm->slot[slot], to);
}

int64_t model_length(const Model *model, int32_t slot, int axis) { return model->vm->slot[slot]->shape[axis]; }
