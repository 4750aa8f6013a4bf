/* cvm.h - the machine: what the files of libcvm share. Kernels see kernel.h only. */
#ifndef DAMO_CVM_H
#define DAMO_CVM_H

#include "kernel.h"
#include "platform.h"

#include <stdatomic.h>

enum {
#define OP(name) OP_##name,
#include "cvm_opcodes.h"
  N_OPCODES
};

/* What cvm_run returns besides a DAMO_ code of kernel.h. */
enum {
  CVM_DONE = 0,         /* every call is done; outputs stay until the next run or cvm_release     */
  CVM_HOST = -1,        /* TypeScript runs state.thunk, then calls cvm_run(vm, 0)                 */
  CVM_STOPPED = -2,     /* out of fuel before state.at; cvm_step(vm, 0, fuel) goes on             */
  CVM_INTERRUPTED = -3, /* state.interrupt was set                                                */
  CVM_CRASHED = -4      /* a signal (state.error.index) in the instruction at state.at            */
};

/* ---- Memory: pool.c ---- */

/* Capacities are size classes: up to 256 bytes multiples of 64, then four to a power of two. */
enum { N_CLASSES = 3 + 4 * 40 };

/* Free buffers by size class, chained through their first word. Any pool may be given any other's buffer. */
typedef struct Pool {
  void *first[N_CLASSES];
  int64_t kept, limit;       /* bytes in free buffers, and how many are kept rather than given to the system */
  int shared;                /* by VMs that may run at the same time: then it locks */
  atomic_flag busy;
} Pool;

INTERNAL void pool_init(Pool *pool, int64_t limit, int shared);
/* A buffer of at least `bytes` (its size in *capacity), or NULL. */
INTERNAL void *pool_take(Pool *pool, int64_t bytes, int64_t *capacity);
INTERNAL void pool_give(Pool *pool, void *buffer, int64_t capacity);
INTERNAL void pool_clear(Pool *pool);

/* ---- Threads: threads.c ---- */

typedef struct Threads Threads;
INTERNAL int threads_count(const Threads *threads);
/* Runs job(data, part) for as many parts as there are threads, and returns when all are done. */
INTERNAL void threads_run(Threads *threads, void (*job)(void *data, int part), void *data);

/* ---- Builtins: builtin.c ---- */

static const int64_t DTYPE_SIZES[] = {1, 1, 2, 4, 8, 1, 2, 4, 8, 2, 4, 8};
static inline int64_t size_of_dtype(int32_t dtype) { return DTYPE_SIZES[dtype]; }

/* In the order of BUILTINS in src/lower/program.ts. `hi` is the number of inputs. */
INTERNAL extern const Kernel builtins[];
INTERNAL int64_t count_elements(const Array *a);
/* Copies elements of the shape and dtype of `to`; strides of both in elements. */
INTERNAL void copy_elements(const Array *to, const void *from, const int64_t *from_strides);
INTERNAL void row_major(int32_t ndim, const int64_t *shape, int64_t *strides);

/* ---- The machine: cvm.c, steps.h ---- */

/* What a program printed as one C function calls of libcvm: it links against nothing. */
typedef struct Library {
  void *(*pool_take)(Pool *pool, int64_t bytes, int64_t *capacity);
  void (*pool_give)(Pool *pool, void *buffer, int64_t capacity);
  int (*threads_count)(const Threads *threads);
  void (*threads_run)(Threads *threads, void (*job)(void *data, int part), void *data);
  const Kernel *builtins;
} Library;
INTERNAL extern const Library library;

typedef struct Instruction {
  int32_t op, a, b;
} Instruction;

/* An output that needs a buffer of known size. */
typedef struct Own {
  Array *array;
  int64_t bytes;
} Own;

typedef struct Thunk {
  Kernel kernel;             /* NULL: a HOST thunk */
  Array *const *args;        /* inputs, outputs, extents */
  const Array *extents;
  int64_t range;             /* its end; -1: extents[0] */
  const Own *owns;
  int32_t n_owns;
  int32_t takes_lengths;     /* an in-place output takes the lengths of its input: they are known at run time only */
  Array *inplace_out;        /* NULL: no output is in place */
  const Array *inplace_in;
} Thunk;

typedef struct Cursor {
  Array *array, *base;
  int64_t start, ring;
  int32_t stride, write;
  char *row0;                /* where the row would be at row 0 */
  int64_t step, row;         /* bytes to the next row; the row it is at */
} Cursor;

typedef struct Loop {
  Array *count, *steps, *stop; /* stop may be NULL */
  Cursor *cursors;
  int32_t n_cursors;
  int64_t n;
} Loop;

/* What TypeScript reads and writes between runs: src/run/vm.ts knows this layout. */
typedef struct State {
  KernelError error;         /* bytes 0 .. 24 */
  int32_t at;                /* 24: the instruction that failed, or that is next after STOPPED */
  int32_t thunk;             /* 28: what HOST wants */
  int32_t done, left;        /* 32, 36: whole calls done in this run, and still to do */
  _Atomic int32_t interrupt; /* 40: set by another thread */
  int32_t live;              /* 44: buffers that slots own */
  double held;               /* 48: their bytes */
  int32_t fuel;              /* 56: instructions left at a pause of cvm_step */
  int32_t taken;             /* 60: buffers that slots were given so far */
  int64_t steps[];           /* 64: steps done of every loop, then 8 bytes for each 0-d output, then one int32 flag a block */
} State;

/* A small output, copied where TypeScript reads it when all calls are done. */
typedef struct Result {
  const Array *from;         /* row-major */
  int64_t bytes;
  void *number;              /* in the state, for a 0-d output; else NULL: it goes to `at` in the room of the run */
  int64_t at;
} Result;

typedef struct Vm {
  Context context;           /* first: a kernel's ctx is its VM */
  State *state;
  int32_t *flags;
  int32_t pc, commit;        /* the next instruction; the first that writes shared storage */
  const Instruction *code;
  Thunk *thunks;
  Loop *loops;
  Array **slot;              /* into headers, or to the storage of a shared variable */
  Array *headers;
  void **home;               /* where a slot looks when it owns nothing: a constant, a small input, a buffer of the arena; or NULL */
  int32_t n_slots, n_arena, n_late, debug;
  const Own *late;           /* outputs made behind the commit point: reserved when a call begins */
  const Result *results;
  int32_t n_results;
  char *room;                /* memory of the caller for the results of this run, or NULL */
  void **arena;
  int64_t *arena_capacity;
  Pool pool;                 /* small buffers of this VM */
  Pool *heap;                /* large ones, shared with other VMs */
  Threads *threads;
  Context *workers;          /* one a thread, or NULL */
  const Library *library;
  int (*linked)(struct Vm *vm); /* the program as one C function, which runs its calls; NULL: it is interpreted */
} Vm;

/* ---- Between runs: image.c ---- */

EXPORT Vm *cvm_new(const int64_t *image, const void *home, Pool *heap, Threads *threads, const Blas *blas);
EXPORT int32_t cvm_free(Vm *vm);
EXPORT Pool *cvm_heap_new(double limit);
EXPORT void cvm_heap_free(Pool *heap);
EXPORT void cvm_read(const Array *from, void *to);
EXPORT int32_t cvm_storage_write(Array *storage, Pool *heap, const int64_t *layout, const void *from);

/* ---- Crashes: crash.c ---- */

/* run(vm, fuel), or CVM_CRASHED if a signal of a broken kernel came meanwhile. */
INTERNAL int guarded(int (*run)(Vm *vm, int64_t fuel), Vm *vm, int64_t fuel);

#endif
