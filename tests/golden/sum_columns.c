/* sum: float32 x -> float32 y; i < n_i, j < n_j */
int KERNEL(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  const float *x = args[0]->data;
  float *y = args[1]->data;
  const int64_t *n = args[2]->data;
  const int64_t n_j = n[1], x_j = n[2];
  for (int64_t first = lo; first < hi; first += 512) {
    const int64_t past = hi - first < 512 ? hi : first + 512;
    double s0[512];
    #pragma GCC ivdep
    for (int64_t i = first; i < past; i++) {
      s0[i - first] = 0.0;
    }
    for (int64_t j = 0; j + 4 <= n_j; j += 4) {
      #pragma GCC ivdep
      for (int64_t i = first; i < past; i++) {
        double sum = s0[i - first];
        sum += (double)x[i + j * x_j];
        sum += (double)x[i + (j + 1) * x_j];
        sum += (double)x[i + (j + 2) * x_j];
        sum += (double)x[i + (j + 3) * x_j];
        s0[i - first] = sum;
      }
    }
    for (int64_t j = n_j - n_j % 4; j < n_j; j++) {
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
