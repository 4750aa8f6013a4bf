/* dotAdd: float32 x0, float32 x1, float32 x2, float32 x3 -> float32 y; i < n_i, j < n_j */
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
  const float *x2 = args[2]->data;
  const float *x3 = args[3]->data;
  float *y = args[4]->data;
  const int64_t *n = args[5]->data;
  const int64_t n_j = n[1], x3_i = n[2];
  KERNEL_vector a0_0 = {0}, a0_1 = {0}, a0_2 = {0}, a0_3 = {0}, a0_4 = {0}, a0_5 = {0}, a0_6 = {0}, a0_7 = {0}, a0_8 = {0}, a0_9 = {0};
  for (int64_t j = 0; j + 16 <= n_j; j += 16) {
    const KERNEL_vector w0 = *(const KERNEL_vector *)&x3[j];
    const KERNEL_vector w1 = *(const KERNEL_vector *)&x3[x3_i + j];
    const KERNEL_vector w2 = *(const KERNEL_vector *)&x3[2 * x3_i + j];
    const KERNEL_vector w3 = *(const KERNEL_vector *)&x3[3 * x3_i + j];
    const KERNEL_vector w4 = *(const KERNEL_vector *)&x3[4 * x3_i + j];
    const KERNEL_vector w5 = *(const KERNEL_vector *)&x3[5 * x3_i + j];
    const KERNEL_vector w6 = *(const KERNEL_vector *)&x3[6 * x3_i + j];
    const KERNEL_vector w7 = *(const KERNEL_vector *)&x3[7 * x3_i + j];
    const KERNEL_vector w8 = *(const KERNEL_vector *)&x3[8 * x3_i + j];
    const KERNEL_vector w9 = *(const KERNEL_vector *)&x3[9 * x3_i + j];
    const KERNEL_vector u0 = *(const KERNEL_vector *)&x2[j];
    a0_0 = KERNEL_fma(u0, w0, a0_0);
    a0_1 = KERNEL_fma(u0, w1, a0_1);
    a0_2 = KERNEL_fma(u0, w2, a0_2);
    a0_3 = KERNEL_fma(u0, w3, a0_3);
    a0_4 = KERNEL_fma(u0, w4, a0_4);
    a0_5 = KERNEL_fma(u0, w5, a0_5);
    a0_6 = KERNEL_fma(u0, w6, a0_6);
    a0_7 = KERNEL_fma(u0, w7, a0_7);
    a0_8 = KERNEL_fma(u0, w8, a0_8);
    a0_9 = KERNEL_fma(u0, w9, a0_9);
  }
  if (n_j % 16) {
    const int64_t last = n_j - 16, skip = 16 - n_j % 16;
    const KERNEL_vector w0 = KERNEL_last(&x3[last], skip);
    const KERNEL_vector w1 = KERNEL_last(&x3[x3_i + last], skip);
    const KERNEL_vector w2 = KERNEL_last(&x3[2 * x3_i + last], skip);
    const KERNEL_vector w3 = KERNEL_last(&x3[3 * x3_i + last], skip);
    const KERNEL_vector w4 = KERNEL_last(&x3[4 * x3_i + last], skip);
    const KERNEL_vector w5 = KERNEL_last(&x3[5 * x3_i + last], skip);
    const KERNEL_vector w6 = KERNEL_last(&x3[6 * x3_i + last], skip);
    const KERNEL_vector w7 = KERNEL_last(&x3[7 * x3_i + last], skip);
    const KERNEL_vector w8 = KERNEL_last(&x3[8 * x3_i + last], skip);
    const KERNEL_vector w9 = KERNEL_last(&x3[9 * x3_i + last], skip);
    const KERNEL_vector u0 = KERNEL_last(&x2[last], skip);
    a0_0 = KERNEL_fma(u0, w0, a0_0);
    a0_1 = KERNEL_fma(u0, w1, a0_1);
    a0_2 = KERNEL_fma(u0, w2, a0_2);
    a0_3 = KERNEL_fma(u0, w3, a0_3);
    a0_4 = KERNEL_fma(u0, w4, a0_4);
    a0_5 = KERNEL_fma(u0, w5, a0_5);
    a0_6 = KERNEL_fma(u0, w6, a0_6);
    a0_7 = KERNEL_fma(u0, w7, a0_7);
    a0_8 = KERNEL_fma(u0, w8, a0_8);
    a0_9 = KERNEL_fma(u0, w9, a0_9);
  }
  const KERNEL_vector f0_0_8 = KERNEL_fold8(a0_0, a0_1);
  const KERNEL_vector f0_1_8 = KERNEL_fold8(a0_2, a0_3);
  const KERNEL_vector f0_2_8 = KERNEL_fold8(a0_4, a0_5);
  const KERNEL_vector f0_3_8 = KERNEL_fold8(a0_6, a0_7);
  const KERNEL_vector f0_4_8 = KERNEL_fold8(a0_8, a0_9);
  const KERNEL_vector f0_0_4 = KERNEL_fold4(f0_0_8, f0_1_8);
  const KERNEL_vector f0_1_4 = KERNEL_fold4(f0_2_8, f0_3_8);
  const KERNEL_vector f0_2_4 = KERNEL_fold4(f0_4_8, f0_4_8);
  const KERNEL_vector f0_0_2 = KERNEL_fold2(f0_0_4, f0_1_4);
  const KERNEL_vector f0_1_2 = KERNEL_fold2(f0_2_4, f0_2_4);
  const KERNEL_vector f0_0_1 = KERNEL_fold1(f0_0_2, f0_1_2);
  const KERNEL_vector tile[] = {f0_0_1};
  const float *sums = (const float *)tile;
  const float t0 = x1[0];
  #pragma GCC ivdep
  for (int64_t lane = 0; lane < 10; lane++) {
    y[lane] = x0[lane] + (t0 * sums[lane]);
  }
  return DAMO_OK;
}
/* extents: [10,784,784] */
