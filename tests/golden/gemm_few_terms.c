/* dotAdd: float32 x0 in y, float32 x1, float32 x2, float32 x3 -> float32 y; i < n_i, j < n_j, k < 10 */
typedef float KERNEL_vector __attribute__((vector_size(64), aligned(4), may_alias));
static inline __attribute__((always_inline)) KERNEL_vector KERNEL_fma(KERNEL_vector x, KERNEL_vector y, KERNEL_vector z) {
#ifdef DAMO_FMA_64_4
  return DAMO_FMA_64_4(x, y, z);
#else
  for (int lane = 0; lane < 16; lane++) z[lane] = __builtin_fmaf(x[lane], y[lane], z[lane]);
  return z;
#endif
}
/* The 10 elements at the end of an array; 0 behind them. */
static inline __attribute__((always_inline)) KERNEL_vector KERNEL_end(const float *x) {
  KERNEL_vector y = {0};
  for (int lane = 0; lane < 10; lane++) y[lane] = x[lane];
  return y;
}
int KERNEL(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  const float *x1 = args[1]->data;
  const float *x2 = args[2]->data;
  const float *x3 = args[3]->data;
  float *y = args[4]->data;
  const int64_t *n = args[5]->data;
  const int64_t n_j = n[0], x3_k = n[2], x2_k = n[3], y_j = n[4];
  const KERNEL_vector end = KERNEL_end(&x3[9 * x3_k]);
  lo = (lo + 5) / 10 * 10;
  if (hi < n_j) hi = (hi + 5) / 10 * 10;
  if (hi > n_j) hi = n_j;
  for (int64_t j = lo; j < hi; j += 10) {
    const int64_t at_j = j + 10 <= n_j ? j : n_j - 10;
    KERNEL_vector a0_0 = {0}, a1_0 = {0}, a2_0 = {0}, a3_0 = {0}, a4_0 = {0}, a5_0 = {0}, a6_0 = {0}, a7_0 = {0}, a8_0 = {0}, a9_0 = {0};
    for (int64_t k = 0; k < 10 - 1; k++) {
      const KERNEL_vector w0 = *(const KERNEL_vector *)&x3[k * x3_k];
      const KERNEL_vector u0 = x2[at_j + k * x2_k] - (KERNEL_vector){0};
      a0_0 = KERNEL_fma(u0, w0, a0_0);
      const KERNEL_vector u1 = x2[at_j + 1 + k * x2_k] - (KERNEL_vector){0};
      a1_0 = KERNEL_fma(u1, w0, a1_0);
      const KERNEL_vector u2 = x2[at_j + 2 + k * x2_k] - (KERNEL_vector){0};
      a2_0 = KERNEL_fma(u2, w0, a2_0);
      const KERNEL_vector u3 = x2[at_j + 3 + k * x2_k] - (KERNEL_vector){0};
      a3_0 = KERNEL_fma(u3, w0, a3_0);
      const KERNEL_vector u4 = x2[at_j + 4 + k * x2_k] - (KERNEL_vector){0};
      a4_0 = KERNEL_fma(u4, w0, a4_0);
      const KERNEL_vector u5 = x2[at_j + 5 + k * x2_k] - (KERNEL_vector){0};
      a5_0 = KERNEL_fma(u5, w0, a5_0);
      const KERNEL_vector u6 = x2[at_j + 6 + k * x2_k] - (KERNEL_vector){0};
      a6_0 = KERNEL_fma(u6, w0, a6_0);
      const KERNEL_vector u7 = x2[at_j + 7 + k * x2_k] - (KERNEL_vector){0};
      a7_0 = KERNEL_fma(u7, w0, a7_0);
      const KERNEL_vector u8 = x2[at_j + 8 + k * x2_k] - (KERNEL_vector){0};
      a8_0 = KERNEL_fma(u8, w0, a8_0);
      const KERNEL_vector u9 = x2[at_j + 9 + k * x2_k] - (KERNEL_vector){0};
      a9_0 = KERNEL_fma(u9, w0, a9_0);
    }
    {
      const KERNEL_vector w0 = end;
      const KERNEL_vector u0 = x2[at_j + (10 - 1) * x2_k] - (KERNEL_vector){0};
      a0_0 = KERNEL_fma(u0, w0, a0_0);
      const KERNEL_vector u1 = x2[at_j + 1 + (10 - 1) * x2_k] - (KERNEL_vector){0};
      a1_0 = KERNEL_fma(u1, w0, a1_0);
      const KERNEL_vector u2 = x2[at_j + 2 + (10 - 1) * x2_k] - (KERNEL_vector){0};
      a2_0 = KERNEL_fma(u2, w0, a2_0);
      const KERNEL_vector u3 = x2[at_j + 3 + (10 - 1) * x2_k] - (KERNEL_vector){0};
      a3_0 = KERNEL_fma(u3, w0, a3_0);
      const KERNEL_vector u4 = x2[at_j + 4 + (10 - 1) * x2_k] - (KERNEL_vector){0};
      a4_0 = KERNEL_fma(u4, w0, a4_0);
      const KERNEL_vector u5 = x2[at_j + 5 + (10 - 1) * x2_k] - (KERNEL_vector){0};
      a5_0 = KERNEL_fma(u5, w0, a5_0);
      const KERNEL_vector u6 = x2[at_j + 6 + (10 - 1) * x2_k] - (KERNEL_vector){0};
      a6_0 = KERNEL_fma(u6, w0, a6_0);
      const KERNEL_vector u7 = x2[at_j + 7 + (10 - 1) * x2_k] - (KERNEL_vector){0};
      a7_0 = KERNEL_fma(u7, w0, a7_0);
      const KERNEL_vector u8 = x2[at_j + 8 + (10 - 1) * x2_k] - (KERNEL_vector){0};
      a8_0 = KERNEL_fma(u8, w0, a8_0);
      const KERNEL_vector u9 = x2[at_j + 9 + (10 - 1) * x2_k] - (KERNEL_vector){0};
      a9_0 = KERNEL_fma(u9, w0, a9_0);
    }
    const KERNEL_vector tile[] = {a0_0, a1_0, a2_0, a3_0, a4_0, a5_0, a6_0, a7_0, a8_0, a9_0};
    const float *sums = (const float *)tile;
    for (int64_t nth = j - at_j; nth < 10; nth++) {
      const float t0 = x1[0];
      #pragma GCC ivdep
      for (int64_t lane = 0; lane < 10; lane++) {
        y[lane + (at_j + nth) * y_j] = y[lane + (at_j + nth) * y_j] + (t0 * sums[nth * 16 + lane]);
      }
    }
  }
  return DAMO_OK;
}
/* extents: [784,10,10,784,10] */
