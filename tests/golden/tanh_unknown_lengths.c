/* tanh: float32 x -> float32 y; i < n_i */
int KERNEL(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  const float *x = args[0]->data;
  float *y = args[1]->data;
  #pragma GCC ivdep
  for (int64_t i = lo; i < hi; i++) {
    y[i] = tanh_f32(x[i]);
  }
  return DAMO_OK;
}
/* extents: [{"arg":0,"from":0,"to":2}] */
