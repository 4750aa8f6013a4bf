/* softmax: float32 x -> float32 y; i < n_i, j < 10 */
int KERNEL(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  const float *x = args[0]->data;
  float *y = args[1]->data;
  const int64_t *n = args[2]->data;
  const int64_t x_i = n[1], y_i = n[2];
  for (int64_t i = lo; i < hi; i++) {
    float s0 = -DAMO_INF_F32;
    #pragma GCC unroll 10
    for (int64_t j = 0; j < 10; j++) {
      s0 = maximum_f32(s0, x[i * x_i + j]);
    }
    float s1 = 0.0f;
    #pragma GCC unroll 10
    for (int64_t j = 0; j < 10; j++) {
      s1 += exp_f32(x[i * x_i + j] - s0);
    }
    #pragma GCC ivdep
    for (int64_t j = 0; j < 10; j++) {
      y[i * y_i + j] = exp_f32(x[i * x_i + j] - s0) / s1;
    }
  }
  return DAMO_OK;
}
/* extents: [60,10,10] */
