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
/* The 10 elements at the end of an array; 0 behind them. */
static inline __attribute__((always_inline)) KERNEL_vector KERNEL_end(const float *x) {
  KERNEL_vector y = {0};
  for (int lane = 0; lane < 10; lane++) y[lane] = x[lane];
  return y;
}
int KERNEL(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  const float *x0 = args[0]->data;
  const float *x1 = args[1]->data;
  const float *x2 = args[2]->data;
  const float *x3 = args[3]->data;
  float *y = args[4]->data;
  const int64_t *n = args[5]->data;
  const int64_t n_j = n[1], x3_j = n[2];
  const KERNEL_vector end = n_j < 1 ? (KERNEL_vector){0} : KERNEL_end(&x3[(n_j - 1) * x3_j]);
  KERNEL_vector a0_0 = {0}, a0_0_1 = {0}, a0_0_2 = {0}, a0_0_3 = {0}, a0_0_4 = {0}, a0_0_5 = {0}, a0_0_6 = {0}, a0_0_7 = {0};
  int64_t j = 0;
  for (; j + 8 <= n_j - 1; j += 8) {
    {
      const KERNEL_vector w0 = *(const KERNEL_vector *)&x3[j * x3_j];
      const KERNEL_vector u0 = x2[j] - (KERNEL_vector){0};
      a0_0 = KERNEL_fma(u0, w0, a0_0);
    }
    {
      const KERNEL_vector w0 = *(const KERNEL_vector *)&x3[(j + 1) * x3_j];
      const KERNEL_vector u0 = x2[j + 1] - (KERNEL_vector){0};
      a0_0_1 = KERNEL_fma(u0, w0, a0_0_1);
    }
    {
      const KERNEL_vector w0 = *(const KERNEL_vector *)&x3[(j + 2) * x3_j];
      const KERNEL_vector u0 = x2[j + 2] - (KERNEL_vector){0};
      a0_0_2 = KERNEL_fma(u0, w0, a0_0_2);
    }
    {
      const KERNEL_vector w0 = *(const KERNEL_vector *)&x3[(j + 3) * x3_j];
      const KERNEL_vector u0 = x2[j + 3] - (KERNEL_vector){0};
      a0_0_3 = KERNEL_fma(u0, w0, a0_0_3);
    }
    {
      const KERNEL_vector w0 = *(const KERNEL_vector *)&x3[(j + 4) * x3_j];
      const KERNEL_vector u0 = x2[j + 4] - (KERNEL_vector){0};
      a0_0_4 = KERNEL_fma(u0, w0, a0_0_4);
    }
    {
      const KERNEL_vector w0 = *(const KERNEL_vector *)&x3[(j + 5) * x3_j];
      const KERNEL_vector u0 = x2[j + 5] - (KERNEL_vector){0};
      a0_0_5 = KERNEL_fma(u0, w0, a0_0_5);
    }
    {
      const KERNEL_vector w0 = *(const KERNEL_vector *)&x3[(j + 6) * x3_j];
      const KERNEL_vector u0 = x2[j + 6] - (KERNEL_vector){0};
      a0_0_6 = KERNEL_fma(u0, w0, a0_0_6);
    }
    {
      const KERNEL_vector w0 = *(const KERNEL_vector *)&x3[(j + 7) * x3_j];
      const KERNEL_vector u0 = x2[j + 7] - (KERNEL_vector){0};
      a0_0_7 = KERNEL_fma(u0, w0, a0_0_7);
    }
  }
  for (; j < n_j - 1; j++) {
    const KERNEL_vector w0 = *(const KERNEL_vector *)&x3[j * x3_j];
    const KERNEL_vector u0 = x2[j] - (KERNEL_vector){0};
    a0_0 = KERNEL_fma(u0, w0, a0_0);
  }
  if (n_j > 0) {
    const KERNEL_vector w0 = end;
    const KERNEL_vector u0 = x2[(n_j - 1)] - (KERNEL_vector){0};
    a0_0 = KERNEL_fma(u0, w0, a0_0);
  }
  a0_0 += a0_0_4;
  a0_0_1 += a0_0_5;
  a0_0_2 += a0_0_6;
  a0_0_3 += a0_0_7;
  a0_0 += a0_0_2;
  a0_0_1 += a0_0_3;
  a0_0 += a0_0_1;
  const KERNEL_vector tile[] = {a0_0};
  const float *sums = (const float *)tile;
  const float t0 = x1[0];
  #pragma GCC ivdep
  for (int64_t lane = 0; lane < 10; lane++) {
    y[lane] = x0[lane] + (t0 * sums[lane]);
  }
  return DAMO_OK;
}
/* extents: [10,784,10] */
