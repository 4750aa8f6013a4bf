/*
** kernel.h - all that a kernel may see. Header only: a kernel links against
** nothing, and knows neither the CVM nor threads.
*/
#ifndef DAMO_KERNEL_H
#define DAMO_KERNEL_H

#include <stdint.h>
#include <stddef.h>

#define DAMO_MAX_NDIM 8

/* Lanes of two vectors, by number: those of y count on from those of x. `mask` is the type of as many integers. */
#ifdef __clang__
#define DAMO_LANES(mask, x, y, ...) __builtin_shufflevector(x, y, __VA_ARGS__)
#else
#define DAMO_LANES(mask, x, y, ...) __builtin_shuffle(x, y, (mask){__VA_ARGS__})
#endif

/* Eight floats as a vector of eight doubles: gcc converts each half of them by itself, in three times as many instructions. */
#if defined(__AVX512F__) && !defined(__clang__)
#define DAMO_DOUBLES(type, x) ((type)__builtin_ia32_cvtps2pd512_mask(x, (type){0}, -1, 4))
#else
#define DAMO_DOUBLES(type, x) __builtin_convertvector(x, type)
#endif

/*
** z += x * y for vectors of float or double, rounded once: by the machine's own instruction where gcc has a name for
** it, because lane by lane (fma is the function of one) a large product takes a seventh longer to compile.
*/
#if defined(__FMA__) && !defined(__clang__)
#ifdef __AVX512F__
#define DAMO_FMA_64_4(x, y, z) __builtin_ia32_vfmaddps512_mask(x, y, z, -1, 4)
#define DAMO_FMA_64_8(x, y, z) __builtin_ia32_vfmaddpd512_mask(x, y, z, -1, 4)
#endif
#define DAMO_FMA_32_4(x, y, z) __builtin_ia32_vfmaddps256(x, y, z)
#define DAMO_FMA_32_8(x, y, z) __builtin_ia32_vfmaddpd256(x, y, z)
#define DAMO_FMA_16_4(x, y, z) __builtin_ia32_vfmaddps(x, y, z)
#define DAMO_FMA_16_8(x, y, z) __builtin_ia32_vfmaddpd(x, y, z)
#endif

/* Stores the lanes of x behind the first `done`, of which there are fewer than x has, at those of p. */
#define DAMO_STORE_REST(p, x, done) \
  __builtin_memcpy((p) + (done), (const char *)&(x) + (done) * sizeof *(p), sizeof(x) - (done) * sizeof *(p))
#if defined(__AVX512F__) && !defined(__clang__)
#define DAMO_STORE_REST_64_4(p, x, done) __builtin_ia32_storeups512_mask(p, x, (uint16_t)(0xffff << (done)))
#define DAMO_STORE_REST_64_8(p, x, done) __builtin_ia32_storeupd512_mask(p, x, (uint8_t)(0xff << (done)))
#else
#define DAMO_STORE_REST_64_4 DAMO_STORE_REST
#define DAMO_STORE_REST_64_8 DAMO_STORE_REST
#endif
#define DAMO_STORE_REST_32_4 DAMO_STORE_REST
#define DAMO_STORE_REST_32_8 DAMO_STORE_REST
#define DAMO_STORE_REST_16_4 DAMO_STORE_REST
#define DAMO_STORE_REST_16_8 DAMO_STORE_REST

/* dtype codes, in the order of src/graph/dtype.ts */
enum {
  DAMO_BOOL, DAMO_INT8, DAMO_INT16, DAMO_INT32, DAMO_INT64,
  DAMO_UINT8, DAMO_UINT16, DAMO_UINT32, DAMO_UINT64,
  DAMO_FLOAT16, DAMO_FLOAT32, DAMO_FLOAT64
};

/* A value: where it is, and how it lies there. Strides count elements. */
typedef struct Array {
  void *data;                /* element (0, 0, ...) */
  void *buffer;              /* what this slot owns; NULL if it only looks */
  int64_t capacity;          /* bytes in buffer */
  int32_t dtype, ndim;
  int64_t shape[DAMO_MAX_NDIM];
  int64_t strides[DAMO_MAX_NDIM];
} Array;

/* Why a kernel refused. 0 is success; the meaning of code is in src/run/errors.ts. */
typedef struct KernelError {
  int32_t code;
  int32_t axis;              /* of the operand, where an index is out of range */
  int64_t index, length;     /* the offending value and the bound it broke */
} KernelError;

enum {
  DAMO_OK = 0,
  DAMO_INDEX = 1,            /* index is out of range for length */
  DAMO_MEMORY = 2,           /* index bytes could not be had */
  DAMO_SHAPE = 3,            /* two lengths differ: index and length */
  DAMO_ASSERT = 4,
  DAMO_GUARD = 5,            /* the program does not fit: lower another for length index */
  DAMO_LINALG = 6,           /* a matrix cannot be worked on: axis says why, length which of a stack (lapack.h) */
  DAMO_VALUE = 7             /* a value outside of an op's domain: index */
};

/* BLAS by pointer; NULL where absent. */
typedef struct Blas {
  void (*sgemm)(int order, int ta, int tb, int m, int n, int k, float alpha, const float *a, int lda,
                const float *b, int ldb, float beta, float *c, int ldc);
  void (*dgemm)(int order, int ta, int tb, int m, int n, int k, double alpha, const double *a, int lda,
                const double *b, int ldb, double beta, double *c, int ldc);
  void (*sgemv)(int order, int ta, int m, int n, float alpha, const float *a, int lda, const float *x, int incx,
                float beta, float *y, int incy);
  void (*dgemv)(int order, int ta, int m, int n, double alpha, const double *a, int lda, const double *x, int incx,
                double beta, double *y, int incy);
  void (*sger)(int order, int m, int n, float alpha, const float *x, int incx, const float *y, int incy, float *a, int lda);
  void (*dger)(int order, int m, int n, double alpha, const double *x, int incx, const double *y, int incy, double *a, int lda);
  float (*sdot)(int n, const float *x, int incx, const float *y, int incy);
  double (*ddot)(int n, const double *x, int incx, const double *y, int incy);
  const struct Lapack *lapack; /* lapack.h */
} Blas;

/* What a kernel has besides its arguments. One per VM. */
typedef struct Context {
  const Blas *blas;
  KernelError error;
  void *scratch;             /* grows by ctx->reserve_scratch, lives as long as the VM */
  int64_t scratch_bytes;
  int (*reserve_scratch)(struct Context *ctx, int64_t bytes);
  int (*reserve)(struct Context *ctx, Array *a, int64_t bytes); /* gives a slot a buffer of its own; may fail */
} Context;

/*
** args: inputs, then outputs, then (if the kernel has extents) one int64 array
** of lengths, strides and other integers that lowering worked out; a kernel
** never reads a header's shape or strides. [lo, hi) is its part of the range
** that may be split among threads. Returns 0, or a code after filling
** ctx->error.
*/
typedef int (*Kernel)(Context *ctx, Array *const *args, int64_t lo, int64_t hi);

#endif
