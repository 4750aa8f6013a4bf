/* sum: float32 x -> float32 y; i < n_i, j < n_j */
typedef double KERNEL_f64x8 __attribute__((vector_size(64)));
typedef float KERNEL_f32x8 __attribute__((vector_size(32)));
int KERNEL(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  const float *x = args[0]->data;
  float *y = args[1]->data;
  const int64_t *n = args[2]->data;
  const int64_t n_j = n[1], x_i = n[2];
  for (int64_t i = lo; i < hi; i++) {
    KERNEL_f64x8 sum0 = {0};
    KERNEL_f64x8 sum0_1 = {0};
    KERNEL_f64x8 sum0_2 = {0};
    KERNEL_f64x8 sum0_3 = {0};
    KERNEL_f64x8 rest0 = {0};
    for (int64_t j = 0; j + 32 <= n_j; j += 32) {
      {
        KERNEL_f32x8 next;
        for (int lane = 0; lane < 8; lane++) {
          next[lane] = x[i * x_i + j + lane];
        }
        sum0 += DAMO_DOUBLES(KERNEL_f64x8, next);
      }
      {
        KERNEL_f32x8 next;
        for (int lane = 0; lane < 8; lane++) {
          next[lane] = x[i * x_i + j + 8 + lane];
        }
        sum0_1 += DAMO_DOUBLES(KERNEL_f64x8, next);
      }
      {
        KERNEL_f32x8 next;
        for (int lane = 0; lane < 8; lane++) {
          next[lane] = x[i * x_i + j + 16 + lane];
        }
        sum0_2 += DAMO_DOUBLES(KERNEL_f64x8, next);
      }
      {
        KERNEL_f32x8 next;
        for (int lane = 0; lane < 8; lane++) {
          next[lane] = x[i * x_i + j + 24 + lane];
        }
        sum0_3 += DAMO_DOUBLES(KERNEL_f64x8, next);
      }
    }
    for (int64_t j = n_j - n_j % 32; j + 8 <= n_j; j += 8) {
      {
        KERNEL_f32x8 next;
        for (int lane = 0; lane < 8; lane++) {
          next[lane] = x[i * x_i + j + lane];
        }
        sum0 += DAMO_DOUBLES(KERNEL_f64x8, next);
      }
    }
    {
      const int64_t tail = n_j % 8;
      const int64_t j = n_j - tail;
      for (int lane = 0; lane < 8; lane++) {
        double next = rest0[lane];
        if (lane < tail) {
          next += (double)x[i * x_i + j + lane];
        }
        rest0[lane] = next;
      }
    }
    for (int lane = 0; lane < 8; lane++) {
      sum0[lane] += sum0_2[lane];
      sum0_1[lane] += sum0_3[lane];
      sum0[lane] += sum0_1[lane];
      rest0[lane] += sum0[lane];
    }
    for (int lane = 0; lane < 4; lane++) rest0[lane] += rest0[lane + 4];
    for (int lane = 0; lane < 2; lane++) rest0[lane] += rest0[lane + 2];
    rest0[0] += rest0[1];
    const double s0 = rest0[0];
    y[i] = (float)s0;
  }
  return DAMO_OK;
}
/* extents: [60,500,500] */
