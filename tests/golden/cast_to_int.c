/* cast: float32 x -> int32 y; i < n_i */
int KERNEL(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  const float *x = args[0]->data;
  int32_t *y = args[1]->data;
  #pragma GCC ivdep
  for (int64_t i = lo; i < hi; i++) {
    y[i] = (int32_t)i32_from_f32(x[i]);
  }
  return DAMO_OK;
}
/* extents: [30000] */
