/* where: bool x0, float32 x1, float32 x2 -> float32 y; i < n_i */
int KERNEL(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  const uint8_t *x0 = args[0]->data;
  const float *x1 = args[1]->data;
  const float *x2 = args[2]->data;
  float *y = args[3]->data;
  const float t0 = x2[0];
  #pragma GCC ivdep
  for (int64_t i = lo; i < hi; i++) {
    y[i] = x0[i] ? x1[i] : t0;
  }
  return DAMO_OK;
}
/* extents: [30000] */
