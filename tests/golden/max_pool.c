/* pool: float32 x -> float32 y; i < n_i, j < 12, k < 12, l < 2, m < 2 */
int KERNEL(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  const float *x = args[0]->data;
  float *y = args[1]->data;
  const int64_t *n = args[2]->data;
  const int64_t x_i = n[1], x_j = n[2], x_l = n[3], y_i = n[4], y_j = n[5];
  for (int64_t i = lo; i < hi; i++) {
    for (int64_t j = 0; j < 12; j++) {
      #pragma GCC ivdep
      for (int64_t k = 0; k < 12; k++) {
        float s0 = -DAMO_INF_F32;
        s0 = maximum_f32(s0, x[i * x_i + j * x_j + k * 2]);
        s0 = maximum_f32(s0, x[i * x_i + j * x_j + k * 2 + 1]);
        s0 = maximum_f32(s0, x[i * x_i + j * x_j + k * 2 + x_l]);
        s0 = maximum_f32(s0, x[i * x_i + j * x_j + k * 2 + x_l + 1]);
        y[i * y_i + j * y_j + k] = s0;
      }
    }
  }
  return DAMO_OK;
}
/* extents: [20,576,48,24,144,12] */
