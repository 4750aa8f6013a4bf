/*
** lapack.h - what kernels of linear algebra see besides kernel.h: LAPACK by
** pointer, and matrices carried between the memory of operands and columns.
*/
#ifndef DAMO_LAPACK_H
#define DAMO_LAPACK_H

#include "kernel.h"

/*
** LAPACK as Fortran knows it: everything by pointer, matrices in columns, the
** lengths of strings behind all other arguments. X(name, arguments) for real
** type R; each function exists as s##name and d##name.
*/
#define DAMO_LAPACK(X, R)                                                                                            \
  X(gemm, (const char *ta, const char *tb, const int *m, const int *n, const int *k, const R *alpha, const R *a,     \
           const int *lda, const R *b, const int *ldb, const R *beta, R *c, const int *ldc, size_t, size_t))         \
  X(trsm, (const char *side, const char *uplo, const char *ta, const char *diag, const int *m, const int *n,         \
           const R *alpha, const R *a, const int *lda, R *b, const int *ldb, size_t, size_t, size_t, size_t))        \
  X(potrf, (const char *uplo, const int *n, R *a, const int *lda, int *info, size_t))                                \
  X(getrf, (const int *m, const int *n, R *a, const int *lda, int *pivots, int *info))                               \
  X(getrs, (const char *ta, const int *n, const int *k, const R *a, const int *lda, const int *pivots, R *b,         \
            const int *ldb, int *info, size_t))                                                                      \
  X(geqrf, (const int *m, const int *n, R *a, const int *lda, R *tau, R *work, const int *size, int *info))          \
  X(orgqr, (const int *m, const int *n, const int *k, R *a, const int *lda, const R *tau, R *work, const int *size,  \
            int *info))                                                                                              \
  X(syevd, (const char *job, const char *uplo, const int *n, R *a, const int *lda, R *w, R *work, const int *size,   \
            int *iwork, const int *isize, int *info, size_t, size_t))                                                \
  X(geev, (const char *left, const char *right, const int *n, R *a, const int *lda, R *wr, R *wi, R *vl,             \
           const int *ldvl, R *vr, const int *ldvr, R *work, const int *size, int *info, size_t, size_t))            \
  X(gesdd, (const char *job, const int *m, const int *n, R *a, const int *lda, R *s, R *u, const int *ldu, R *vt,    \
            const int *ldvt, R *work, const int *size, int *iwork, int *info, size_t))                               \
  X(gelsd, (const int *m, const int *n, const int *k, R *a, const int *lda, R *b, const int *ldb, R *s,              \
            const R *rcond, int *rank, R *work, const int *size, int *iwork, int *info))

#define DAMO_LAPACK_S(name, arguments) void (*s##name) arguments;
#define DAMO_LAPACK_D(name, arguments) void (*d##name) arguments;

/* In this order: all in float, then all in double. */
typedef struct Lapack {
  DAMO_LAPACK(DAMO_LAPACK_S, float)
  DAMO_LAPACK(DAMO_LAPACK_D, double)
} Lapack;

/* Why a kernel refused, in `axis` of a DAMO_LINALG error; src/ops/linalg/refusal.ts has the words. */
enum {
  LINALG_INDEFINITE,         /* index: the order of the leading minor */
  LINALG_SINGULAR,           /* index: the column without a pivot */
  LINALG_DIVERGED,           /* index: what LAPACK says */
  LINALG_COMPLEX,            /* index: the first eigenvalue that is not real */
  LINALG_NOT_FINITE          /* index: the element */
};

/* Refuses matrix `which` of a stack. */
static inline int refuse_matrix(Context *ctx, int32_t reason, int64_t index, int64_t which) {
  ctx->error = (KernelError){DAMO_LINALG, reason, index, which};
  return DAMO_LINALG;
}

/* A workspace query answers in the working type, which may have rounded it down. */
static inline int work_size(double answer) { return (int)(answer * (1 + 0x1p-20)) + 1; }

/* LAPACK wants this much between columns even where there is nothing. */
static inline int leading(int64_t n) { return n > 1 ? (int)n : 1; }

#define DAMO_COLUMNS(R)                                                                                    \
  /* The columns of an m by n matrix whose steps down and right are these. */                              \
  static inline void to_columns_##R(R *to, const R *from, int64_t m, int64_t n, int64_t down, int64_t right) { \
    enum { TILE = 16 };                                                                                    \
    for (int64_t j0 = 0; j0 < n; j0 += TILE) {                                                             \
      for (int64_t i0 = 0; i0 < m; i0 += TILE) {                                                           \
        for (int64_t j = j0; j < n && j < j0 + TILE; j++) {                                                \
          for (int64_t i = i0; i < m && i < i0 + TILE; i++) to[j * m + i] = from[i * down + j * right];    \
        }                                                                                                  \
      }                                                                                                    \
    }                                                                                                      \
  }                                                                                                        \
  /* Rows of an m by n matrix from columns that lie `ld` apart. */                                         \
  static inline void to_rows_##R(R *to, const R *from, int64_t m, int64_t n, int64_t ld) {                 \
    enum { TILE = 16 };                                                                                    \
    for (int64_t j0 = 0; j0 < n; j0 += TILE) {                                                             \
      for (int64_t i0 = 0; i0 < m; i0 += TILE) {                                                           \
        for (int64_t i = i0; i < m && i < i0 + TILE; i++) {                                                \
          for (int64_t j = j0; j < n && j < j0 + TILE; j++) to[i * n + j] = from[j * ld + i];              \
        }                                                                                                  \
      }                                                                                                    \
    }                                                                                                      \
  }                                                                                                        \
  /* The first element of columns that is no finite number, or -1: LAPACK may not return from one. */      \
  static inline int64_t not_finite_##R(const R *x, int64_t size) {                                         \
    for (int64_t i = 0; i < size; i++) {                                                                   \
      if (!(x[i] - x[i] == 0)) return i;                                                                   \
    }                                                                                                      \
    return -1;                                                                                             \
  }

DAMO_COLUMNS(float)
DAMO_COLUMNS(double)

#endif
