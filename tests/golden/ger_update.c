/* dotAdd: float32 x0 in y, float32 x1, float32 x2, float32 x3 -> float32 y; i < n_i, j < n_j */
int KERNEL(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  const float *x1 = args[1]->data;
  const float *x2 = args[2]->data;
  const float *x3 = args[3]->data;
  float *y = args[4]->data;
  const int64_t *n = args[5]->data;
  const int64_t n_j = n[1], y_i = n[2];
  for (int64_t i = lo; i < hi; i++) {
    const float t0 = x2[i];
    const float t1 = x1[0];
    #pragma GCC ivdep
    for (int64_t j = 0; j < n_j; j++) {
      y[i * y_i + j] = y[i * y_i + j] + (t1 * (t0 * x3[j]));
    }
  }
  return DAMO_OK;
}
/* extents: [784,500,500] */
