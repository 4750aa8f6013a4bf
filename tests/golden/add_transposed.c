/* add: float32 x0, float32 x1 -> float32 y; i < n_i, j < n_j */
int KERNEL(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  const float *x0 = args[0]->data;
  const float *x1 = args[1]->data;
  float *y = args[2]->data;
  const int64_t *n = args[3]->data;
  const int64_t n_j = n[1], x1_j = n[2], x0_i = n[3], y_i = n[4];
  for (int64_t i = lo; i < hi; i++) {
    #pragma GCC ivdep
    for (int64_t j = 0; j < n_j; j++) {
      y[i * y_i + j] = x0[i * x0_i + j] + x1[i + j * x1_j];
    }
  }
  return DAMO_OK;
}
/* extents: [60,500,60,500,500] */
