/* sum: float32 x -> float32 y; i < n_i, j < n_j */
int KERNEL(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  const float *x = args[0]->data;
  float *y = args[1]->data;
  const int64_t *n = args[2]->data;
  const int64_t n_j = n[1], x_j = n[2];
  for (int64_t first = lo; first < hi; first += 1024) {
    const int64_t past = hi - first < 1024 ? hi : first + 1024;
    double s0[1024];
    #pragma GCC ivdep
    for (int64_t i = first; i < past; i++) {
      s0[i - first] = 0.0;
    }
    for (int64_t j = 0; j + 8 <= n_j; j += 8) {
      #pragma GCC ivdep
      for (int64_t i = first; i < past; i++) {
        double sum = s0[i - first];
        sum += (double)x[i + j * x_j];
        sum += (double)x[i + (j + 1) * x_j];
        sum += (double)x[i + (j + 2) * x_j];
        sum += (double)x[i + (j + 3) * x_j];
        sum += (double)x[i + (j + 4) * x_j];
        sum += (double)x[i + (j + 5) * x_j];
        sum += (double)x[i + (j + 6) * x_j];
        sum += (double)x[i + (j + 7) * x_j];
        s0[i - first] = sum;
      }
    }
    for (int64_t j = n_j - n_j % 8; j < n_j; j++) {
      #pragma GCC ivdep
      for (int64_t i = first; i < past; i++) {
        double sum = s0[i - first];
        sum += (double)x[i + j * x_j];
        s0[i - first] = sum;
      }
    }
    #pragma GCC ivdep
    for (int64_t i = first; i < past; i++) {
      y[i] = (float)s0[i - first];
    }
  }
  return DAMO_OK;
}
/* extents: [500,60,500] */
