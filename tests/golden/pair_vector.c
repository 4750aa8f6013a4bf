/* dot_dotAdd: float32 x0, float32 x1 in y0, float32 x2, float32 x3 -> float32 y0, float32 y1; i < n_i, j < n_j */
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
static inline __attribute__((always_inline)) float KERNEL_sum(KERNEL_vector x) {
  for (int lane = 0; lane < 8; lane++) x[lane] += x[lane + 8];
  for (int lane = 0; lane < 4; lane++) x[lane] += x[lane + 4];
  for (int lane = 0; lane < 2; lane++) x[lane] += x[lane + 2];
  for (int lane = 0; lane < 1; lane++) x[lane] += x[lane + 1];
  return x[0];
}
int KERNEL(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  const float *x0 = args[0]->data;
  const float *x2 = args[2]->data;
  const float *x3 = args[3]->data;
  float *y0 = args[4]->data;
  float *y1 = args[5]->data;
  const int64_t *n = args[6]->data;
  const int64_t y0_i = n[1], n_j = n[2];
  int64_t i = lo;
  for (; i + 4 <= hi; i += 4) {
    KERNEL_vector a0_0 = {0}, a1_0 = {0}, a2_0 = {0}, a3_0 = {0};
    const float t0 = x3[i];
    const float t1 = x2[0];
    const float t2 = x3[i + 1];
    const float t3 = x2[0];
    const float t4 = x3[i + 2];
    const float t5 = x2[0];
    const float t6 = x3[i + 3];
    const float t7 = x2[0];
    for (int64_t j = 0; j + 16 <= n_j; j += 16) {
      const KERNEL_vector w0 = *(const KERNEL_vector *)&y0[i * y0_i + j];
      __builtin_prefetch(&y0[(i + 4) * y0_i + j], 1);
      const KERNEL_vector w1 = *(const KERNEL_vector *)&y0[(i + 1) * y0_i + j];
      __builtin_prefetch(&y0[(i + 5) * y0_i + j], 1);
      const KERNEL_vector w2 = *(const KERNEL_vector *)&y0[(i + 2) * y0_i + j];
      __builtin_prefetch(&y0[(i + 6) * y0_i + j], 1);
      const KERNEL_vector w3 = *(const KERNEL_vector *)&y0[(i + 3) * y0_i + j];
      __builtin_prefetch(&y0[(i + 7) * y0_i + j], 1);
      const KERNEL_vector d0 = *(const KERNEL_vector *)&x0[j];
      a0_0 = KERNEL_fma(d0, w0, a0_0);
      a1_0 = KERNEL_fma(d0, w1, a1_0);
      a2_0 = KERNEL_fma(d0, w2, a2_0);
      a3_0 = KERNEL_fma(d0, w3, a3_0);
      #pragma GCC ivdep
      for (int64_t lane = 0; lane < 16; lane++) {
        y0[i * y0_i + j + lane] = y0[i * y0_i + j + lane] + (t1 * (t0 * x0[j + lane]));
      }
      #pragma GCC ivdep
      for (int64_t lane = 0; lane < 16; lane++) {
        y0[(i + 1) * y0_i + j + lane] = y0[(i + 1) * y0_i + j + lane] + (t3 * (t2 * x0[j + lane]));
      }
      #pragma GCC ivdep
      for (int64_t lane = 0; lane < 16; lane++) {
        y0[(i + 2) * y0_i + j + lane] = y0[(i + 2) * y0_i + j + lane] + (t5 * (t4 * x0[j + lane]));
      }
      #pragma GCC ivdep
      for (int64_t lane = 0; lane < 16; lane++) {
        y0[(i + 3) * y0_i + j + lane] = y0[(i + 3) * y0_i + j + lane] + (t7 * (t6 * x0[j + lane]));
      }
    }
    if (n_j % 16) {
      const int64_t last = n_j - 16, skip = 16 - n_j % 16;
      const KERNEL_vector w0 = KERNEL_last(&y0[i * y0_i + last], skip);
      const KERNEL_vector w1 = KERNEL_last(&y0[(i + 1) * y0_i + last], skip);
      const KERNEL_vector w2 = KERNEL_last(&y0[(i + 2) * y0_i + last], skip);
      const KERNEL_vector w3 = KERNEL_last(&y0[(i + 3) * y0_i + last], skip);
      const KERNEL_vector d0 = KERNEL_last(&x0[last], skip);
      a0_0 = KERNEL_fma(d0, w0, a0_0);
      a1_0 = KERNEL_fma(d0, w1, a1_0);
      a2_0 = KERNEL_fma(d0, w2, a2_0);
      a3_0 = KERNEL_fma(d0, w3, a3_0);
      #pragma GCC ivdep
      for (int64_t lane = skip; lane < 16; lane++) {
        y0[i * y0_i + last + lane] = y0[i * y0_i + last + lane] + (t1 * (t0 * x0[last + lane]));
      }
      #pragma GCC ivdep
      for (int64_t lane = skip; lane < 16; lane++) {
        y0[(i + 1) * y0_i + last + lane] = y0[(i + 1) * y0_i + last + lane] + (t3 * (t2 * x0[last + lane]));
      }
      #pragma GCC ivdep
      for (int64_t lane = skip; lane < 16; lane++) {
        y0[(i + 2) * y0_i + last + lane] = y0[(i + 2) * y0_i + last + lane] + (t5 * (t4 * x0[last + lane]));
      }
      #pragma GCC ivdep
      for (int64_t lane = skip; lane < 16; lane++) {
        y0[(i + 3) * y0_i + last + lane] = y0[(i + 3) * y0_i + last + lane] + (t7 * (t6 * x0[last + lane]));
      }
    }
    y1[i] = KERNEL_sum(a0_0);
    y1[i + 1] = KERNEL_sum(a1_0);
    y1[i + 2] = KERNEL_sum(a2_0);
    y1[i + 3] = KERNEL_sum(a3_0);
  }
  for (; i < hi; i++) {
    KERNEL_vector a0_0 = {0};
    const float t8 = x3[i];
    const float t9 = x2[0];
    for (int64_t j = 0; j + 16 <= n_j; j += 16) {
      const KERNEL_vector w0 = *(const KERNEL_vector *)&y0[i * y0_i + j];
      __builtin_prefetch(&y0[(i + 1) * y0_i + j], 1);
      const KERNEL_vector d0 = *(const KERNEL_vector *)&x0[j];
      a0_0 = KERNEL_fma(d0, w0, a0_0);
      #pragma GCC ivdep
      for (int64_t lane = 0; lane < 16; lane++) {
        y0[i * y0_i + j + lane] = y0[i * y0_i + j + lane] + (t9 * (t8 * x0[j + lane]));
      }
    }
    if (n_j % 16) {
      const int64_t last = n_j - 16, skip = 16 - n_j % 16;
      const KERNEL_vector w0 = KERNEL_last(&y0[i * y0_i + last], skip);
      const KERNEL_vector d0 = KERNEL_last(&x0[last], skip);
      a0_0 = KERNEL_fma(d0, w0, a0_0);
      #pragma GCC ivdep
      for (int64_t lane = skip; lane < 16; lane++) {
        y0[i * y0_i + last + lane] = y0[i * y0_i + last + lane] + (t9 * (t8 * x0[last + lane]));
      }
    }
    y1[i] = KERNEL_sum(a0_0);
  }
  return DAMO_OK;
}
/* extents: [784,500,500] */
