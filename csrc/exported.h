/*
** exported.h - what an exported function is made of besides its program: a
** workspace, shared variables of its own, and words for its errors. The
** functions that a user calls are typed wrappers of these.
*/
#ifndef DAMO_EXPORTED_H
#define DAMO_EXPORTED_H

#include "steps.h"

/* An input, output or shared variable as the program was made for it. */
typedef struct Port {
  const char *name;
  int32_t slot;
  const int64_t *shape;      /* a length of -1 may be any */
  const int64_t *strides;    /* NULL: row-major */
  /* of shared variables: */
  const int64_t *lengths;    /* of the first value, */
  const void *value;         /* which is row-major; */
  int64_t word;              /* where the image says whose memory it is */
} Port;

/* What an instruction computes, and where the user wrote it; with no op, `where` says why it is refused. An assertion says what does not hold. */
typedef struct Site {
  const char *op, *where, *says;
} Site;

typedef struct Exported {
  int (*run)(Vm *vm);
  const int64_t *image;
  int64_t words;
  const void *home;          /* first contents of constants */
  const Blas *blas;
  const Site *sites;         /* one an instruction */
  int32_t n_inputs, n_shared;
  const Port *inputs, *shared;
} Exported;

typedef struct Model {
  const Exported *exported;
  Vm *vm;
  Pool *heap;
  Array *shared;
  char message[512];         /* why the last call failed */
} Model;

/* NULL: no memory. */
INTERNAL Model *model_new(const Exported *exported);
INTERNAL void model_free(Model *model);
/* The value of input i for the next call, row-major, of these lengths: it is looked at, not copied. */
INTERNAL void model_input(Model *model, int32_t i, const void *data, const int64_t *shape);
/* 0, or a code: then message says why, and shared variables are as before. */
INTERNAL int model_call(Model *model);
/* The call is not made: these two lengths must be equal. */
INTERNAL int model_refuse(Model *model, const char *name, int64_t length, int64_t other);
/* Copies the value of a slot, row-major; nothing where no call has set it. */
INTERNAL void model_read(const Model *model, int32_t slot, void *to);
INTERNAL int64_t model_length(const Model *model, int32_t slot, int axis);
/* Gives shared variable i a row-major value of these lengths. DAMO_MEMORY leaves the old one. */
INTERNAL int model_write(Model *model, int32_t i, const int64_t *shape, const void *from);

#endif
