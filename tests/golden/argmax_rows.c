/* argmax: float32 x -> int64 y; i < n_i, j < n_j */
int KERNEL(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  const float *x = args[0]->data;
  int64_t *y = args[1]->data;
  const int64_t *n = args[2]->data;
  const int64_t n_j = n[1], x_i = n[2];
  for (int64_t i = lo; i < hi; i++) {
    int64_t s0 = 0;
    float best0 = -DAMO_INF_F32;
    for (int64_t j = 0; j < n_j; j++) {
      const float v = x[i * x_i + j];
      const int better = (v > best0) | ((v != v) & (best0 == best0));
      best0 = better ? v : best0;
      s0 = better ? j : s0;
    }
    y[i] = s0;
  }
  return DAMO_OK;
}
/* extents: [60,500,500] */
