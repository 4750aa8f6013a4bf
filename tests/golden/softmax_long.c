/* softmax: float32 x -> float32 y; i < n_i, j < n_j */
typedef float KERNEL_f32x16 __attribute__((vector_size(64)));
int KERNEL(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  const float *x = args[0]->data;
  float *y = args[1]->data;
  const int64_t *n = args[2]->data;
  const int64_t n_j = n[1], x_i = n[2], y_i = n[3];
  for (int64_t i = lo; i < hi; i++) {
    KERNEL_f32x16 sum0 = (KERNEL_f32x16){0} + -DAMO_INF_F32;
    KERNEL_f32x16 sum0_1 = (KERNEL_f32x16){0} + -DAMO_INF_F32;
    KERNEL_f32x16 sum0_2 = (KERNEL_f32x16){0} + -DAMO_INF_F32;
    KERNEL_f32x16 sum0_3 = (KERNEL_f32x16){0} + -DAMO_INF_F32;
    KERNEL_f32x16 rest0 = (KERNEL_f32x16){0} + -DAMO_INF_F32;
    for (int64_t j = 0; j + 64 <= n_j; j += 64) {
      for (int lane = 0; lane < 16; lane++) {
        sum0[lane] = maximum_f32(sum0[lane], x[i * x_i + j + lane]);
      }
      for (int lane = 0; lane < 16; lane++) {
        sum0_1[lane] = maximum_f32(sum0_1[lane], x[i * x_i + j + 16 + lane]);
      }
      for (int lane = 0; lane < 16; lane++) {
        sum0_2[lane] = maximum_f32(sum0_2[lane], x[i * x_i + j + 32 + lane]);
      }
      for (int lane = 0; lane < 16; lane++) {
        sum0_3[lane] = maximum_f32(sum0_3[lane], x[i * x_i + j + 48 + lane]);
      }
    }
    for (int64_t j = n_j - n_j % 64; j + 16 <= n_j; j += 16) {
      for (int lane = 0; lane < 16; lane++) {
        sum0[lane] = maximum_f32(sum0[lane], x[i * x_i + j + lane]);
      }
    }
    {
      const int64_t tail = n_j % 16;
      const int64_t j = n_j - tail;
      for (int lane = 0; lane < 16; lane++) {
        float next = rest0[lane];
        if (lane < tail) {
          next = maximum_f32(next, x[i * x_i + j + lane]);
        }
        rest0[lane] = next;
      }
    }
    for (int lane = 0; lane < 16; lane++) {
      sum0[lane] = maximum_f32(sum0[lane], sum0_2[lane]);
      sum0_1[lane] = maximum_f32(sum0_1[lane], sum0_3[lane]);
      sum0[lane] = maximum_f32(sum0[lane], sum0_1[lane]);
      rest0[lane] = maximum_f32(rest0[lane], sum0[lane]);
    }
    for (int lane = 0; lane < 8; lane++) rest0[lane] = maximum_f32(rest0[lane], rest0[lane + 8]);
    for (int lane = 0; lane < 4; lane++) rest0[lane] = maximum_f32(rest0[lane], rest0[lane + 4]);
    for (int lane = 0; lane < 2; lane++) rest0[lane] = maximum_f32(rest0[lane], rest0[lane + 2]);
    rest0[0] = maximum_f32(rest0[0], rest0[1]);
    const float s0 = rest0[0];
    KERNEL_f32x16 sum1 = {0};
    KERNEL_f32x16 sum1_1 = {0};
    KERNEL_f32x16 sum1_2 = {0};
    KERNEL_f32x16 sum1_3 = {0};
    float rest1[16] = {0};
    for (int64_t j = 0; j + 64 <= n_j; j += 64) {
      #pragma GCC ivdep
      for (int lane = 0; lane < 64; lane++) {
        y[i * y_i + j + lane] = exp_f32(x[i * x_i + j + lane] - s0);
      }
      for (int lane = 0; lane < 16; lane++) {
        sum1[lane] += y[i * y_i + j + lane];
      }
      for (int lane = 0; lane < 16; lane++) {
        sum1_1[lane] += y[i * y_i + j + 16 + lane];
      }
      for (int lane = 0; lane < 16; lane++) {
        sum1_2[lane] += y[i * y_i + j + 32 + lane];
      }
      for (int lane = 0; lane < 16; lane++) {
        sum1_3[lane] += y[i * y_i + j + 48 + lane];
      }
    }
    for (int64_t j = n_j - n_j % 64; j + 16 <= n_j; j += 16) {
      #pragma GCC ivdep
      for (int lane = 0; lane < 16; lane++) {
        y[i * y_i + j + lane] = exp_f32(x[i * x_i + j + lane] - s0);
        sum1[lane] += y[i * y_i + j + lane];
      }
    }
    #pragma GCC ivdep
    for (int64_t j = n_j - n_j % 16, lane = 0; j + lane < n_j; lane++) {
      y[i * y_i + j + lane] = exp_f32(x[i * x_i + j + lane] - s0);
      rest1[lane] += y[i * y_i + j + lane];
    }
    for (int lane = 0; lane < 16; lane++) {
      sum1[lane] += sum1_2[lane];
      sum1_1[lane] += sum1_3[lane];
      sum1[lane] += sum1_1[lane];
      rest1[lane] += sum1[lane];
    }
    for (int lane = 0; lane < 8; lane++) rest1[lane] += rest1[lane + 8];
    for (int lane = 0; lane < 4; lane++) rest1[lane] += rest1[lane + 4];
    for (int lane = 0; lane < 2; lane++) rest1[lane] += rest1[lane + 2];
    rest1[0] += rest1[1];
    const float s1 = rest1[0];
    #pragma GCC ivdep
    for (int64_t j = 0; j < n_j; j++) {
      y[i * y_i + j] = y[i * y_i + j] / s1;
    }
  }
  return DAMO_OK;
}
/* extents: [60,500,500,500] */
