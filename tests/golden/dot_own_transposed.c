/* dot: float32 x0, float32 x1 -> float32 y; i < n_i, j < n_j, k < n_k */
typedef float KERNEL_vector __attribute__((vector_size(64), aligned(4), may_alias));
static inline __attribute__((always_inline)) KERNEL_vector KERNEL_fma(KERNEL_vector x, KERNEL_vector y, KERNEL_vector z) {
#ifdef DAMO_FMA_64_4
  return DAMO_FMA_64_4(x, y, z);
#else
  for (int lane = 0; lane < 16; lane++) z[lane] = __builtin_fmaf(x[lane], y[lane], z[lane]);
  return z;
#endif
}
/* Lanes from `skip` on; 0 before. */
static inline __attribute__((always_inline)) KERNEL_vector KERNEL_last(const float *x, int64_t skip) {
  KERNEL_vector y = *(const KERNEL_vector *)x;
  for (int lane = 0; lane < 16; lane++) y[lane] = lane < skip ? 0 : y[lane];
  return y;
}
typedef int32_t KERNEL_lanes __attribute__((vector_size(64)));
static inline __attribute__((always_inline)) KERNEL_vector KERNEL_fold8(KERNEL_vector x, KERNEL_vector y) {
  return DAMO_LANES(KERNEL_lanes, x, y, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) +
    DAMO_LANES(KERNEL_lanes, x, y, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
}
static inline __attribute__((always_inline)) KERNEL_vector KERNEL_fold4(KERNEL_vector x, KERNEL_vector y) {
  return DAMO_LANES(KERNEL_lanes, x, y, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27) +
    DAMO_LANES(KERNEL_lanes, x, y, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
}
static inline __attribute__((always_inline)) KERNEL_vector KERNEL_fold2(KERNEL_vector x, KERNEL_vector y) {
  return DAMO_LANES(KERNEL_lanes, x, y, 0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 24, 25, 28, 29) +
    DAMO_LANES(KERNEL_lanes, x, y, 2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23, 26, 27, 30, 31);
}
static inline __attribute__((always_inline)) KERNEL_vector KERNEL_fold1(KERNEL_vector x, KERNEL_vector y) {
  return DAMO_LANES(KERNEL_lanes, x, y, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30) +
    DAMO_LANES(KERNEL_lanes, x, y, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
}
int KERNEL(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  const float *x0 = args[0]->data;
  const float *x1 = args[1]->data;
  float *y = args[2]->data;
  const int64_t *n = args[3]->data;
  const int64_t n_j = n[0], n_i = n[1], n_k = n[2], x1_j = n[3], x0_i = n[4], y_i = n[5];
  lo = (lo + 2) / 4 * 4;
  if (hi < n_j) hi = (hi + 2) / 4 * 4;
  if (hi > n_j) hi = n_j;
  for (int64_t j = lo; j < hi; j += 4) {
    for (int64_t i = 0; i < n_i; i += 5) {
      KERNEL_vector a0_0 = {0}, a0_1 = {0}, a0_2 = {0}, a0_3 = {0}, a1_0 = {0}, a1_1 = {0}, a1_2 = {0}, a1_3 = {0}, a2_0 = {0}, a2_1 = {0}, a2_2 = {0}, a2_3 = {0}, a3_0 = {0}, a3_1 = {0}, a3_2 = {0}, a3_3 = {0}, a4_0 = {0}, a4_1 = {0}, a4_2 = {0}, a4_3 = {0};
      for (int64_t k = 0; k + 16 <= n_k; k += 16) {
        const KERNEL_vector w0 = *(const KERNEL_vector *)&x1[j * x1_j + k];
        const KERNEL_vector w1 = *(const KERNEL_vector *)&x1[(j + 1) * x1_j + k];
        const KERNEL_vector w2 = *(const KERNEL_vector *)&x1[(j + 2) * x1_j + k];
        const KERNEL_vector w3 = *(const KERNEL_vector *)&x1[(j + 3) * x1_j + k];
        const KERNEL_vector u0 = *(const KERNEL_vector *)&x0[i * x0_i + k];
        a0_0 = KERNEL_fma(u0, w0, a0_0);
        a0_1 = KERNEL_fma(u0, w1, a0_1);
        a0_2 = KERNEL_fma(u0, w2, a0_2);
        a0_3 = KERNEL_fma(u0, w3, a0_3);
        const KERNEL_vector u1 = *(const KERNEL_vector *)&x0[(i + 1) * x0_i + k];
        a1_0 = KERNEL_fma(u1, w0, a1_0);
        a1_1 = KERNEL_fma(u1, w1, a1_1);
        a1_2 = KERNEL_fma(u1, w2, a1_2);
        a1_3 = KERNEL_fma(u1, w3, a1_3);
        const KERNEL_vector u2 = *(const KERNEL_vector *)&x0[(i + 2) * x0_i + k];
        a2_0 = KERNEL_fma(u2, w0, a2_0);
        a2_1 = KERNEL_fma(u2, w1, a2_1);
        a2_2 = KERNEL_fma(u2, w2, a2_2);
        a2_3 = KERNEL_fma(u2, w3, a2_3);
        const KERNEL_vector u3 = *(const KERNEL_vector *)&x0[(i + 3) * x0_i + k];
        a3_0 = KERNEL_fma(u3, w0, a3_0);
        a3_1 = KERNEL_fma(u3, w1, a3_1);
        a3_2 = KERNEL_fma(u3, w2, a3_2);
        a3_3 = KERNEL_fma(u3, w3, a3_3);
        const KERNEL_vector u4 = *(const KERNEL_vector *)&x0[(i + 4) * x0_i + k];
        a4_0 = KERNEL_fma(u4, w0, a4_0);
        a4_1 = KERNEL_fma(u4, w1, a4_1);
        a4_2 = KERNEL_fma(u4, w2, a4_2);
        a4_3 = KERNEL_fma(u4, w3, a4_3);
      }
      if (n_k % 16) {
        const int64_t last = n_k - 16, skip = 16 - n_k % 16;
        const KERNEL_vector w0 = KERNEL_last(&x1[j * x1_j + last], skip);
        const KERNEL_vector w1 = KERNEL_last(&x1[(j + 1) * x1_j + last], skip);
        const KERNEL_vector w2 = KERNEL_last(&x1[(j + 2) * x1_j + last], skip);
        const KERNEL_vector w3 = KERNEL_last(&x1[(j + 3) * x1_j + last], skip);
        const KERNEL_vector u0 = KERNEL_last(&x0[i * x0_i + last], skip);
        a0_0 = KERNEL_fma(u0, w0, a0_0);
        a0_1 = KERNEL_fma(u0, w1, a0_1);
        a0_2 = KERNEL_fma(u0, w2, a0_2);
        a0_3 = KERNEL_fma(u0, w3, a0_3);
        const KERNEL_vector u1 = KERNEL_last(&x0[(i + 1) * x0_i + last], skip);
        a1_0 = KERNEL_fma(u1, w0, a1_0);
        a1_1 = KERNEL_fma(u1, w1, a1_1);
        a1_2 = KERNEL_fma(u1, w2, a1_2);
        a1_3 = KERNEL_fma(u1, w3, a1_3);
        const KERNEL_vector u2 = KERNEL_last(&x0[(i + 2) * x0_i + last], skip);
        a2_0 = KERNEL_fma(u2, w0, a2_0);
        a2_1 = KERNEL_fma(u2, w1, a2_1);
        a2_2 = KERNEL_fma(u2, w2, a2_2);
        a2_3 = KERNEL_fma(u2, w3, a2_3);
        const KERNEL_vector u3 = KERNEL_last(&x0[(i + 3) * x0_i + last], skip);
        a3_0 = KERNEL_fma(u3, w0, a3_0);
        a3_1 = KERNEL_fma(u3, w1, a3_1);
        a3_2 = KERNEL_fma(u3, w2, a3_2);
        a3_3 = KERNEL_fma(u3, w3, a3_3);
        const KERNEL_vector u4 = KERNEL_last(&x0[(i + 4) * x0_i + last], skip);
        a4_0 = KERNEL_fma(u4, w0, a4_0);
        a4_1 = KERNEL_fma(u4, w1, a4_1);
        a4_2 = KERNEL_fma(u4, w2, a4_2);
        a4_3 = KERNEL_fma(u4, w3, a4_3);
      }
      const KERNEL_vector f0_0_8 = KERNEL_fold8(a0_0, a0_1);
      const KERNEL_vector f0_1_8 = KERNEL_fold8(a0_2, a0_3);
      const KERNEL_vector f0_0_4 = KERNEL_fold4(f0_0_8, f0_1_8);
      const KERNEL_vector f0_0_2 = KERNEL_fold2(f0_0_4, f0_0_4);
      const KERNEL_vector f0_0_1 = KERNEL_fold1(f0_0_2, f0_0_2);
      const KERNEL_vector f1_0_8 = KERNEL_fold8(a1_0, a1_1);
      const KERNEL_vector f1_1_8 = KERNEL_fold8(a1_2, a1_3);
      const KERNEL_vector f1_0_4 = KERNEL_fold4(f1_0_8, f1_1_8);
      const KERNEL_vector f1_0_2 = KERNEL_fold2(f1_0_4, f1_0_4);
      const KERNEL_vector f1_0_1 = KERNEL_fold1(f1_0_2, f1_0_2);
      const KERNEL_vector f2_0_8 = KERNEL_fold8(a2_0, a2_1);
      const KERNEL_vector f2_1_8 = KERNEL_fold8(a2_2, a2_3);
      const KERNEL_vector f2_0_4 = KERNEL_fold4(f2_0_8, f2_1_8);
      const KERNEL_vector f2_0_2 = KERNEL_fold2(f2_0_4, f2_0_4);
      const KERNEL_vector f2_0_1 = KERNEL_fold1(f2_0_2, f2_0_2);
      const KERNEL_vector f3_0_8 = KERNEL_fold8(a3_0, a3_1);
      const KERNEL_vector f3_1_8 = KERNEL_fold8(a3_2, a3_3);
      const KERNEL_vector f3_0_4 = KERNEL_fold4(f3_0_8, f3_1_8);
      const KERNEL_vector f3_0_2 = KERNEL_fold2(f3_0_4, f3_0_4);
      const KERNEL_vector f3_0_1 = KERNEL_fold1(f3_0_2, f3_0_2);
      const KERNEL_vector f4_0_8 = KERNEL_fold8(a4_0, a4_1);
      const KERNEL_vector f4_1_8 = KERNEL_fold8(a4_2, a4_3);
      const KERNEL_vector f4_0_4 = KERNEL_fold4(f4_0_8, f4_1_8);
      const KERNEL_vector f4_0_2 = KERNEL_fold2(f4_0_4, f4_0_4);
      const KERNEL_vector f4_0_1 = KERNEL_fold1(f4_0_2, f4_0_2);
      const KERNEL_vector tile[] = {f0_0_1, f1_0_1, f2_0_1, f3_0_1, f4_0_1};
      const float *sums = (const float *)tile;
      for (int64_t nth = 0; nth < 5; nth++) {
        #pragma GCC ivdep
        for (int64_t lane = 0; lane < 4; lane++) {
          y[(i + nth) * y_i + j + lane] = sums[nth * 16 + lane];
        }
      }
    }
  }
  return DAMO_OK;
}
/* extents: [784,60,500,500,500,784] */
