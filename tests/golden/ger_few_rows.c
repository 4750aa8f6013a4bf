/* dotAdd: float32 x0 in y, float32 x1, float32 x2, float32 x3 -> float32 y; i < n_i, j < n_j */
typedef float KERNEL_vector __attribute__((vector_size(64), aligned(4), may_alias));
int KERNEL(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  const float *x1 = args[1]->data;
  const float *x2 = args[2]->data;
  const float *x3 = args[3]->data;
  float *y = args[4]->data;
  const int64_t *n = args[5]->data;
  const int64_t y_i = n[2];
  const KERNEL_vector u0 = (x1[0] * x2[0]) - (KERNEL_vector){0};
  const KERNEL_vector u1 = (x1[0] * x2[1]) - (KERNEL_vector){0};
  const KERNEL_vector u2 = (x1[0] * x2[2]) - (KERNEL_vector){0};
  const KERNEL_vector u3 = (x1[0] * x2[3]) - (KERNEL_vector){0};
  const KERNEL_vector u4 = (x1[0] * x2[4]) - (KERNEL_vector){0};
  const KERNEL_vector u5 = (x1[0] * x2[5]) - (KERNEL_vector){0};
  const KERNEL_vector u6 = (x1[0] * x2[6]) - (KERNEL_vector){0};
  const KERNEL_vector u7 = (x1[0] * x2[7]) - (KERNEL_vector){0};
  const KERNEL_vector u8 = (x1[0] * x2[8]) - (KERNEL_vector){0};
  const KERNEL_vector u9 = (x1[0] * x2[9]) - (KERNEL_vector){0};
  int64_t j = lo;
  for (; j + 16 <= hi; j += 16) {
    const KERNEL_vector w = *(const KERNEL_vector *)&x3[j];
    const KERNEL_vector p0 = u0 * w;
    #pragma GCC ivdep
    for (int64_t lane = 0; lane < 16; lane++) {
      y[j + lane] = y[j + lane] + p0[lane];
    }
    const KERNEL_vector p1 = u1 * w;
    #pragma GCC ivdep
    for (int64_t lane = 0; lane < 16; lane++) {
      y[y_i + j + lane] = y[y_i + j + lane] + p1[lane];
    }
    const KERNEL_vector p2 = u2 * w;
    #pragma GCC ivdep
    for (int64_t lane = 0; lane < 16; lane++) {
      y[2 * y_i + j + lane] = y[2 * y_i + j + lane] + p2[lane];
    }
    const KERNEL_vector p3 = u3 * w;
    #pragma GCC ivdep
    for (int64_t lane = 0; lane < 16; lane++) {
      y[3 * y_i + j + lane] = y[3 * y_i + j + lane] + p3[lane];
    }
    const KERNEL_vector p4 = u4 * w;
    #pragma GCC ivdep
    for (int64_t lane = 0; lane < 16; lane++) {
      y[4 * y_i + j + lane] = y[4 * y_i + j + lane] + p4[lane];
    }
    const KERNEL_vector p5 = u5 * w;
    #pragma GCC ivdep
    for (int64_t lane = 0; lane < 16; lane++) {
      y[5 * y_i + j + lane] = y[5 * y_i + j + lane] + p5[lane];
    }
    const KERNEL_vector p6 = u6 * w;
    #pragma GCC ivdep
    for (int64_t lane = 0; lane < 16; lane++) {
      y[6 * y_i + j + lane] = y[6 * y_i + j + lane] + p6[lane];
    }
    const KERNEL_vector p7 = u7 * w;
    #pragma GCC ivdep
    for (int64_t lane = 0; lane < 16; lane++) {
      y[7 * y_i + j + lane] = y[7 * y_i + j + lane] + p7[lane];
    }
    const KERNEL_vector p8 = u8 * w;
    #pragma GCC ivdep
    for (int64_t lane = 0; lane < 16; lane++) {
      y[8 * y_i + j + lane] = y[8 * y_i + j + lane] + p8[lane];
    }
    const KERNEL_vector p9 = u9 * w;
    #pragma GCC ivdep
    for (int64_t lane = 0; lane < 16; lane++) {
      y[9 * y_i + j + lane] = y[9 * y_i + j + lane] + p9[lane];
    }
  }
  for (; j < hi; j++) {
    const float w = x3[j];
    y[j] = y[j] + (u0[0] * w);
    y[y_i + j] = y[y_i + j] + (u1[0] * w);
    y[2 * y_i + j] = y[2 * y_i + j] + (u2[0] * w);
    y[3 * y_i + j] = y[3 * y_i + j] + (u3[0] * w);
    y[4 * y_i + j] = y[4 * y_i + j] + (u4[0] * w);
    y[5 * y_i + j] = y[5 * y_i + j] + (u5[0] * w);
    y[6 * y_i + j] = y[6 * y_i + j] + (u6[0] * w);
    y[7 * y_i + j] = y[7 * y_i + j] + (u7[0] * w);
    y[8 * y_i + j] = y[8 * y_i + j] + (u8[0] * w);
    y[9 * y_i + j] = y[9 * y_i + j] + (u9[0] * w);
  }
  return DAMO_OK;
}
/* extents: [784,10,784] */
